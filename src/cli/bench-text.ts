import type { Board } from '../board/board.ts';
import { cleanName } from '../board/kernel-files.ts';
import type { BoardSoftware } from '../board/read-software.ts';
import { shortBoard, shortPlan } from '../daemon/info.ts';
import type { BoardHealth } from '../domain/health.ts';
import type { EngineTimings, TokenCounts } from '../domain/observation.ts';
import { detailOf, type EnginePlan } from '../planning/plan-engine.ts';
import type { EngineInfo } from '../vision/process/protocol.ts';
import { allowanceText, clockText, gibibytes } from './doctor-board.ts';
import { markdownTable } from './markdown-table.ts';
import { threadsText } from './plan-text.ts';

/** A described picture and its times. */
export interface BenchPicture {
  readonly name: string;
  readonly timings: EngineTimings;
  /** As the command sees it, with the way to the engine process and back. */
  readonly totalMs: number;
  readonly tokens: TokenCounts;
}

/** The board's heat at one moment. */
export interface BoardHeat extends Pick<BoardHealth, 'temperatureC' | 'clockLimited' | 'underVoltage'> {
  /** The highest clock allowed now, by cluster; null: unknown. */
  readonly allowedMHz: readonly (number | null)[];
}

export interface BenchReport {
  readonly version: string;
  readonly board: Board;
  readonly software: BoardSoftware;
  readonly engine: EngineInfo;
  readonly plan: EnginePlan;
  /** Load average over the minute before the start. */
  readonly loadAverage: number;
  readonly before: BoardHeat;
  readonly after: BoardHeat;
  /** Peak resident memory; null: unknown. */
  readonly peakBytes: { readonly engine: number | null; readonly command: number | null };
  readonly pictures: readonly BenchPicture[];
}

/** Above this load average, other programs take time from the engine. */
const maxQuietLoad = 0.5;

/** A warning if the board was not idle before the start; null if it was. */
export function loadWarning(loadAverage: number): string | null {
  if (loadAverage <= maxQuietLoad) return null;
  return `the load average is ${loadAverage.toFixed(2)}: other programs slow down the engine; for comparable figures, stop them, wait a minute and run this again`;
}

/** The report as two Markdown tables: the board and what ran on it, then the times. */
export function benchText(report: BenchReport): string {
  const [first, ...facts] = factsOf(report).map(([name, value]) => [
    name,
    cleanName(value ?? '') ?? 'unknown',
  ]);
  return `${markdownTable(first!, facts)}\n\n${timesTable(report.pictures)}`;
}

function factsOf(report: BenchReport): [string, string | null][] {
  const { version, board, software, engine, plan, loadAverage, before, after, peakBytes } = report;
  const memory = (bytes: number | null): string => (bytes === null ? 'unknown' : gibibytes(bytes));
  const { totalBytes, limitBytes } = board.memory;
  return [
    ['board', board.model],
    ...board.clusters.map(({ name, cpus, maxClockMHz }, index): [string, string] => [
      index === 0 ? 'cores' : '',
      `${cpus.length} x ${name}, ${clockText(maxClockMHz)}`,
    ]),
    ['may use', allowanceText(board)],
    ['memory', `${gibibytes(totalBytes)}${limitBytes === null ? '' : `, limit ${gibibytes(limitBytes)}`}`],
    ['firmware', software.firmware],
    ['kernel', software.kernel],
    ['system', software.system],
    ['Scenecast', version],
    ['build', engine.build],
    ['CPU module', engine.cpu],
    ['model', engine.model],
    ['quant', engine.quant],
    ['detail', engine.usesDetail ? detailOf(plan) : 'the model has one level'],
    ['image tokens', String(plan.imageTokens)],
    ['threads', threadsText(plan)],
    ['threads batch', String(plan.threadsBatch)],
    ['peak memory', `engine ${memory(peakBytes.engine)}, command ${memory(peakBytes.command)}`],
    ['temperature', changeText(before, after, temperatureText)],
    ['clocks allowed', changeText(before, after, clocksText)],
    ['throttled', changeText(before, after, throttlingText)],
    ['load average', `${loadAverage.toFixed(2)} before`],
  ];
}

function changeText(before: BoardHeat, after: BoardHeat, textOf: (heat: BoardHeat) => string): string {
  const [first, last] = [textOf(before), textOf(after)];
  return first === last ? first : `${first} before, ${last} after`;
}

function temperatureText({ temperatureC }: BoardHeat): string {
  return temperatureC === null ? 'unknown' : `${temperatureC.toFixed(1)} °C`;
}

function clocksText({ allowedMHz }: BoardHeat): string {
  const isKnown = allowedMHz.some((clock) => clock !== null);
  return isKnown ? `${allowedMHz.map((clock) => clock ?? '?').join(' / ')} MHz` : 'unknown';
}

function throttlingText({ clockLimited, underVoltage }: BoardHeat): string {
  if (clockLimited === null && underVoltage === null) return 'unknown';
  const limits = [clockLimited && 'clocks limited', underVoltage && 'under-voltage'].filter(Boolean);
  return limits.length === 0 ? 'no' : limits.join(' and ');
}

interface Column {
  readonly title: string;
  /** Its name in the JSON. */
  readonly key: string;
  readonly digits: number;
  readonly of: (picture: BenchPicture) => number;
}

const columns: readonly Column[] = [
  { title: 'pack s', key: 'pack_seconds', digits: 2, of: ({ timings }) => timings.packMs / 1000 },
  { title: 'encode s', key: 'encode_seconds', digits: 2, of: ({ timings }) => timings.encodeMs / 1000 },
  { title: 'prefill s', key: 'prefill_seconds', digits: 2, of: ({ timings }) => timings.prefillMs / 1000 },
  { title: 'generate s', key: 'generate_seconds', digits: 2, of: ({ timings }) => timings.generateMs / 1000 },
  { title: 'total s', key: 'total_seconds', digits: 2, of: ({ totalMs }) => totalMs / 1000 },
  { title: 'tokens in', key: 'tokens_in', digits: 0, of: tokensIn },
  { title: 'tokens out', key: 'tokens_out', digits: 0, of: ({ tokens }) => tokens.completion },
  {
    title: 'prefill tokens/s',
    key: 'prefill_tokens_per_second',
    digits: 1,
    of: (picture) => perSecond(tokensIn(picture), picture.timings.prefillMs),
  },
  {
    title: 'generate tokens/s',
    key: 'generate_tokens_per_second',
    digits: 1,
    of: ({ tokens, timings }) => perSecond(tokens.completion, timings.generateMs),
  },
];

function tokensIn({ tokens }: BenchPicture): number {
  return tokens.image + tokens.prompt;
}

function perSecond(count: number, ms: number): number {
  return ms > 0 ? (count / ms) * 1000 : 0;
}

function timesTable(pictures: readonly BenchPicture[]): string {
  const row = (name: string, figureOf: (column: Column) => number): string[] => [
    cleanName(name) ?? 'unknown',
    ...columns.map((column) => figureOf(column).toFixed(column.digits)),
  ];
  return markdownTable(
    ['picture', ...columns.map(({ title }) => title)],
    [
      ...pictures.map((picture) => row(picture.name, ({ of }) => of(picture))),
      row('median', ({ of }) => median(pictures.map(of))),
    ],
    1,
  );
}

function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

/** The report as JSON: names in snake_case, sizes in bytes. */
export function benchJson(report: BenchReport): object {
  const { version, board, software, engine, plan, loadAverage, before, after, peakBytes, pictures } = report;
  const figures = (figureOf: (column: Column) => number): object =>
    Object.fromEntries(columns.map((column) => [column.key, Number(figureOf(column).toFixed(3))]));
  return {
    scenecast: version,
    board: shortBoard(board),
    software,
    engine: { model: engine.model, quant: engine.quant, build: engine.build, cpu_module: engine.cpu },
    plan: shortPlan(plan),
    peak_bytes: peakBytes,
    load_average: loadAverage,
    heat: { before: heatJson(before), after: heatJson(after) },
    pictures: pictures.map((picture) => ({ picture: picture.name, ...figures(({ of }) => of(picture)) })),
    median: figures(({ of }) => median(pictures.map(of))),
  };
}

function heatJson({ temperatureC, allowedMHz, clockLimited, underVoltage }: BoardHeat): object {
  return {
    temperature_c: temperatureC,
    allowed_mhz: allowedMHz,
    clock_limited: clockLimited,
    under_voltage: underVoltage,
  };
}
