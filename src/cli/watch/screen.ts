import type { RulePayload } from '../../contract/rule-payloads.ts';
import { withoutSecrets } from '../../domain/shown-address.ts';
import { clockOf } from '../terminal/clock.ts';
import type { ScreenSize } from '../terminal/full-screen.ts';
import { printable } from '../terminal/printable.ts';
import { fittedSpans, type Span, type Style, span, wrappedSpans } from '../terminal/span.ts';
import { columnsOf, wrapped } from '../terminal/text-columns.ts';
import type { WatchedBoard, WatchedBoards, WatchedCamera } from './watched-boards.ts';
import { ageWords, answerWords, healthSpans, ruleWords } from './words.ts';

type Line = readonly Span[];

/** A line each; two for a sentence, and its answers. */
type Detail = 'brief' | 'full';

const stateStyles: Readonly<Record<string, Style>> = {
  current: 'green',
  stale: 'yellow',
  failing: 'red',
  paused: 'dim',
};
const maxSentenceLines = 2;
const maxFootLines = 3;
/** Health older than this is shown with its age. */
const oldHealthMs = 120_000;

/** The whole screen: the boards with their cameras, then the newest sentences where there is room. Each line fits. */
export function screenLines(
  watched: WatchedBoards,
  broker: string,
  { columns, rows }: ScreenSize,
  now: Date,
): Line[] {
  const { boards, news, isConnected } = watched;
  const head = edges(
    [span('Scenecast', 'bold'), span(`  ${printable(withoutSecrets(broker))}`)],
    clockOf(now),
    columns,
  );
  const foot = footLines(watched, columns);
  const room = Math.max(0, rows - 2 - foot.length);
  const sorted = [...boards].sort(byName);
  const of = (detail: Detail): Line[] =>
    sorted.flatMap(([name, board]) => [[], ...boardLines(name, board, detail, columns, now)]);
  const full = of('full');
  const body = full.length <= room ? full : of('brief');
  const nothing =
    isConnected && sorted.length === 0 ? [[], [span('No board has published anything yet.', 'dim')]] : [];
  const newest = news.map(({ device, camera, at, words, isAlert }) => [
    span(`  ${clockOf(new Date(at))}  `, 'dim'),
    span(printable(boards.size > 1 ? `${device}/${camera}` : camera), 'bold'),
    span(`  ${printable(words)}`, isAlert ? 'yellow' : undefined),
  ]);
  const left = room - body.length - 2;
  const shown = [
    ...nothing,
    ...cut(body, room),
    ...(left > 0 && newest.length > 0 ? [[], [span('Newest', 'bold')], ...newest.slice(0, left)] : []),
  ];
  const padding = Array.from({ length: Math.max(0, room - shown.length) }, (): Line => []);
  const lines = [head, ...shown, ...padding, [], ...foot].slice(-Math.max(1, rows));
  return lines.map((line) => fittedSpans(line, columns));
}

function footLines({ isConnected, lost }: WatchedBoards, columns: number): Line[] {
  if (isConnected) return [[span('q quits', 'dim')]];
  if (isConnected === null) return [[span('connecting', 'dim')]];
  const words = printable(`no connection: ${lost}; trying again`);
  return wrapped(words, columns, maxFootLines).map((line) => [span(line, 'red')]);
}

function boardLines(name: string, board: WatchedBoard, detail: Detail, columns: number, now: Date): Line[] {
  const { isOnline, info, health, cameras, faults } = board;
  const model = info?.model ? `${info.model.name} ${info.model.quant}` : '';
  const head = [
    span(printable(name), 'bold'),
    isOnline === null
      ? span('  unknown', 'dim')
      : isOnline
        ? span('  online', 'green')
        : span('  offline', 'red'),
    span(`  ${printable(model)}`, 'dim'),
  ];
  const isOld = health !== null && now.getTime() - Date.parse(health.at) > oldHealthMs;
  const doing = health && [
    span('  '),
    ...(isOld ? [span(`${ageWords(health.at, now)} ago: `, 'yellow')] : []),
    ...healthSpans(health),
  ];
  return [
    head,
    ...(doing ? [doing] : []),
    ...faultLines(faults),
    ...[...cameras]
      .sort(byName)
      .flatMap(([camera, watched]) => cameraLines(camera, watched, isOnline !== false, detail, columns, now)),
  ];
}

function cameraLines(
  name: string,
  camera: WatchedCamera,
  isBoardOnline: boolean,
  detail: Detail,
  columns: number,
  now: Date,
): Line[] {
  const { vision, description, status } = camera;
  // What a board that is gone has said last no longer says anything.
  const state = isBoardOnline ? (vision?.state ?? 'unknown') : 'unknown';
  const problem = status?.problem ? `${status.problem}: ${status.reason ?? ''}` : null;
  const reason = (isBoardOnline && (vision?.reason ?? problem)) || '';
  const text = description ? printable(description.description) : '';
  const answers = [...camera.answers].sort(byName).map(([question, answer]) => answerWords(question, answer));
  const rules = [...camera.rules].sort(byName).map((rule) => ruleSpan(rule, isBoardOnline, now));
  const head = [
    span(`  ${printable(name)}`, 'bold'),
    span(`  ${state}`, stateStyles[state] ?? 'dim'),
    span(description ? `  ${ageWords(description.captured_at, now)} ago` : '', 'dim'),
  ];
  const why = reason === '' ? [] : [span(`  ${printable(reason)}`, 'yellow')];
  const faults = faultLines(camera.faults);
  if (detail === 'brief') {
    const on = rules.filter(({ style }) => style !== 'dim').map((rule) => [span('  '), rule]);
    return [[...head, ...on.flat(), ...why, span(`  ${[text, ...answers].join(' · ')}`)], ...faults];
  }
  const sentence = text === '' ? [] : wrapped(text, columns - 4, maxSentenceLines);
  return [
    [...head, ...why],
    ...sentence.map((line) => [span(`    ${line}`)]),
    ...(answers.length === 0 ? [] : wrapped(answers.join(' · '), columns - 4, maxSentenceLines)).map(
      (line) => [span(`    ${line}`, 'dim')],
    ),
    ...ruleLines(rules, columns - 4),
    ...faults,
  ];
}

/** A rule that is on stands out. */
function ruleSpan([name, rule]: readonly [string, RulePayload], isBoardOnline: boolean, now: Date): Span {
  // What a board that is gone has said last no longer says anything.
  if (!isBoardOnline) return { ...span(printable(`${name} is unknown`), 'dim'), isWhole: true };
  const age = rule.since === null ? '' : ageWords(rule.since, now);
  return { ...span(ruleWords(name, rule, age), rule.state === 'on' ? 'yellow' : 'dim'), isWhole: true };
}

function ruleLines(rules: readonly Span[], columns: number): Line[] {
  if (rules.length === 0) return [];
  const spans = rules.map((rule, index) =>
    index === rules.length - 1 ? rule : { ...rule, text: `${rule.text} ·` },
  );
  return wrappedSpans(spans, columns)
    .slice(0, maxSentenceLines)
    .map((line) => [span('    '), ...line]);
}

function faultLines(faults: ReadonlyMap<string, string>): Line[] {
  return [...faults].map(([topic, fault]) => [span(`    ${printable(`${topic}: ${fault}`)}`, 'yellow')]);
}

/** The lines that have room, and how many more there are. */
function cut(lines: readonly Line[], room: number): Line[] {
  if (lines.length <= room) return [...lines];
  const left = lines.slice(0, Math.max(0, room - 1));
  return room < 1
    ? []
    : [...left, [span(`  … ${lines.length - left.length} more lines: enlarge the window`, 'dim')]];
}

/** A line with something at its right edge, if there is room. */
function edges(left: readonly Span[], right: string, columns: number): Span[] {
  const used = left.reduce((sum, { text }) => sum + columnsOf(text), 0);
  const gap = columns - used - columnsOf(right);
  return gap < 1 ? [...left] : [...left, span(' '.repeat(gap)), span(right, 'dim')];
}

function byName([first]: readonly [string, unknown], [second]: readonly [string, unknown]): number {
  return first < second ? -1 : 1;
}
