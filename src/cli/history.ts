import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { loadConfig } from '../config/load.ts';
import { unitMs } from '../config/units.ts';
import { ScenecastError } from '../domain/errors.ts';
import type { HistoryFilter, HistoryItem } from '../domain/history.ts';
import type { Answer } from '../domain/observation.ts';
import { historyFolderOf } from '../setup/history.ts';
import { HistoryReader } from '../store/history/history-reader.ts';
import { requireState } from '../system/state-access.ts';
import { type ExportedHistory, exportHistory } from './export-history.ts';
import { parsePositive } from './flag-parser.ts';
import { observationText } from './observation-text.ts';
import { serviceConfig } from './service-config.ts';

interface Flags {
  readonly config: string;
  readonly search?: string;
  readonly camera?: string;
  readonly question?: string;
  readonly answer?: { readonly value: Answer | null };
  readonly since?: number;
  readonly until?: number;
  readonly count?: number;
  readonly json?: true;
  readonly export?: string;
}

/** Shown unless --count says otherwise. */
const usualCount = 20;
const pageSize = 100;

/** `scenecast history`: prints or exports past observations, while the daemon runs or not. */
export function historyCommand(signal: AbortSignal): Command {
  return new Command('history')
    .description('print past observations, or export them with their pictures')
    .option('-c, --config <file>', 'YAML config file of the daemon', serviceConfig)
    .option('--search <words>', 'words of description and answers, all of them; parc* for a beginning')
    .option('--camera <name>', 'of this camera')
    .option('--question <name>', 'that answer this question')
    .option('--answer <value>', 'with this answer to --question: true, 2, red; null: uncertain', parseAnswer)
    .option('--since <time>', 'captured since then: an age such as 1d, or a time (ISO 8601)', parseTime)
    .option('--until <time>', 'captured before then, likewise', parseTime)
    .option('--count <number>', `only the newest (default: ${usualCount}; all with --export)`, parsePositive)
    .option('--json', 'print whole observations as JSON, one per line')
    .option('--export <folder>', 'write observations.jsonl and the pictures to a new folder')
    .exitOverride()
    .action((flags: Flags, command: Command) => history(flags, command, signal));
}

async function history(flags: Flags, command: Command, signal: AbortSignal): Promise<void> {
  const { search: text, camera, question, answer, since: sinceMs, until: untilMs, json } = flags;
  if (answer !== undefined && question === undefined)
    command.error('error: --answer needs --question, which it is an answer to');
  const path = resolve(flags.config);
  const config = await loadConfig(path);
  if (config.store.folder === null) requireState('read');
  const folder = historyFolderOf(config, dirname(path));
  if (!existsSync(folder))
    throw new ScenecastError(
      config.history === null
        ? `there is no history: history is null in ${path}`
        : `there is no history yet: ${folder} does not exist; the daemon creates it within ten minutes`,
    );
  const filter: HistoryFilter = { camera, question, answer: answer?.value, text, sinceMs, untilMs };
  const count = flags.count ?? (flags.export === undefined ? usualCount : Infinity);
  const reader = new HistoryReader(folder, undefined, ({ path: file, reason }) =>
    process.stderr.write(`warning: ${file} is damaged, and its observations are missing: ${reason}\n`),
  );
  try {
    const items = oldestFirst(reader, filter, count, signal);
    if (flags.export !== undefined) {
      const pictureOf = (number: number): Uint8Array | null => reader.thumbnail(number);
      const exported = await exportHistory(items, pictureOf, resolve(flags.export));
      process.stdout.write(json ? `${JSON.stringify(exported)}\n` : exportedText(flags.export, exported));
      return;
    }
    let isEmpty = true;
    for await (const { observation } of items) {
      isEmpty = false;
      await print(json ? `${JSON.stringify(observation)}\n` : observationText(observation));
    }
    // Programs see that by the output.
    if (isEmpty && !json) process.stderr.write('nothing found\n');
  } finally {
    reader.close();
  }
}

/** The newest observations that fit, at most `count`, the oldest of them first. */
async function* oldestFirst(
  reader: HistoryReader,
  filter: HistoryFilter,
  count: number,
  signal: AbortSignal,
): AsyncIterable<HistoryItem> {
  let cursor = count === Infinity ? null : await beforeNewest(reader, filter, count, signal);
  do {
    const page = reader.page(filter, { cursor, limit: pageSize, order: 'oldest' });
    yield* page.items;
    cursor = page.next;
    // Reading is synchronous, and Ctrl-C has to get through.
    await nextTurn();
  } while (cursor !== null && !signal.aborted);
}

/** The cursor behind which there are `count` observations; null: there are no more of them. */
async function beforeNewest(
  reader: HistoryReader,
  filter: HistoryFilter,
  count: number,
  signal: AbortSignal,
): Promise<number | null> {
  let cursor: number | null = null;
  let left = count;
  while (!signal.aborted) {
    const limit = Math.min(pageSize, left);
    const page = reader.page(filter, { cursor, limit, order: 'newest' });
    left -= page.items.length;
    if (page.next === null) return null;
    if (left === 0) return page.next - 1;
    cursor = page.next;
    await nextTurn();
  }
  return cursor;
}

/** Waits for a reader that is slower. */
async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

function exportedText(folder: string, { observations, pictures }: ExportedHistory): string {
  return `${folder}: ${observations} observations, ${pictures} pictures\n`;
}

/** true, false, null and numbers are meant as such; all else is text. In an object, since commander makes null empty. */
function parseAnswer(text: string): { readonly value: Answer | null } {
  if (text === 'null') return { value: null };
  if (text === 'true' || text === 'false') return { value: text === 'true' };
  return { value: /^-?\d{1,15}$/.test(text) ? Number(text) : text };
}

/** A time in milliseconds since 1970. */
function parseTime(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text) ?? [];
  const unitOfAge = unitMs[unit];
  if (amount !== undefined && typeof unitOfAge === 'number') return Date.now() - Number(amount) * unitOfAge;
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw new InvalidArgumentError(
      'It must be an age such as 12h or 7d, or a time such as 2026-01-31T12:00:00Z.',
    );
  return time;
}
