/**
 * `npm run bench:history`: reads and writes a history of a million observations of three cameras.
 *
 *   npm run bench:history -- [--observations 1000000] [--folder build] [--keep FOLDER]
 *
 * With `--keep`, the history is left in that folder, and the next run with the same folder only reads it.
 *
 * Prints each figure with its mark, and exits with 1 if one is missed. A search, a page and a timeline take less than 100 ms
 * (95 % of them, the first one of a reader that has just been made among them). A piece of the writer's work, such as
 * indexing a block or deleting a file, takes less than 20 ms of a core; how long it takes with waits for the disk, and for
 * other programs, is printed too. What the making of observations leaves behind is collected between the pieces.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ulid } from 'ulid';
import { observedPayload } from '../../src/contract/payloads.ts';
import { formatBytes } from '../../src/domain/format-bytes.ts';
import { segmentsIn } from '../../src/store/history/history-folder.ts';
import { HistoryReader } from '../../src/store/history/history-reader.ts';
import { HistoryWriter } from '../../src/store/history/history-writer.ts';
import { madeObservation } from '../durability/made-observation.ts';
import { wholeOption } from '../test/whole-option.ts';

const { values } = parseArgs({
  options: {
    observations: { type: 'string', default: '1000000' },
    // On the disk to measure.
    folder: { type: 'string', default: 'build' },
    keep: { type: 'string' },
  },
});
const everyMs = 10_000;
const maxReadMs = 100;
const maxPieceMs = 20;
const scratch = mkdtempSync(join(values.folder, 'history-'));
const large = values.keep ?? join(scratch, 'large');
const [kept] = segmentsIn(large);
const count = kept ? newestIn(large) : wholeOption('observations', values.observations, 10_000);
/** As if the last observation were made now. */
const startMs = kept ? kept.startMs - everyMs : Date.now() - count * everyMs;
setFlagsFromString('--expose-gc');
/** Node's types know it as a global, which it is only if Node was started with the flag. */
const collect: NodeJS.GCFunction = runInNewContext('gc');
const things = ['parcel', 'bicycle', 'dog', 'ladder', 'umbrella', 'wheelbarrow', 'cat', 'van'];
let isGood = true;

/** What the daemon would publish, of each camera. */
const payloads = [0, 1, 2].map((number) => observedPayload(madeObservation(number), new Date(startMs)));

/** Every thing is in one of eight; one word in all, one in a thousandth, one in the oldest alone. */
function entryOf(seq: number): { seq: number; id: string; camera: string; body: string } {
  const payload = payloads[seq % payloads.length]!;
  const capturedMs = startMs + seq * everyMs;
  const id = ulid(capturedMs);
  const thing = things[Math.floor(seq / 3) % things.length]!;
  const rare = seq % 1000 === 0 ? ' An unexpected visitor.' : seq === 1 ? ' A zeppelin.' : '';
  const description = {
    ...payload,
    id,
    captured_at: new Date(capturedMs).toISOString(),
    description: `${payload.description} A ${thing} stands by the wall.${rare}`,
    answers: answersOf(seq),
    image: { ...payload.image, sha256: createHash('sha256').update(id).digest('hex') },
  };
  return { seq, id, camera: payload.camera, body: JSON.stringify({ description }) };
}

/** One answer that changes often, one that changes each day. */
function answersOf(number: number): Record<string, boolean | number> {
  return {
    people: Math.floor(number / 9) % 4,
    gate_open: Math.floor((number * everyMs) / 86_400_000) % 2 === 0,
  };
}

/** The time that a share of all stays within. */
function within(timesMs: readonly number[], share: number): number {
  const sorted = timesMs.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

function report(name: string, timesMs: readonly number[], share: number, maxMs: number, more = ''): void {
  const [median, most] = [within(timesMs, 0.5), within(timesMs, share)];
  if (most >= maxMs) isGood = false;
  const verdict = most < maxMs ? `under ${maxMs} ms` : `OVER ${maxMs} ms`;
  const label = share === 1 ? 'worst' : `p${share * 100}`;
  process.stdout.write(
    `${name}: median ${median.toFixed(1)} ms, ${label} ${most.toFixed(1)} ms, ${verdict}${more}\n`,
  );
}

function timed(work: () => unknown): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

/** Fills a history, with pictures if `pictureBytes` is not 0, and reports how long each piece of work took. */
function write(name: string, observations: number, writer: HistoryWriter, pictureBytes = 0): void {
  const coreMs: number[] = [];
  const wallMs: number[] = [];
  const measured = (work: () => void): void => {
    const before = process.threadCpuUsage();
    wallMs.push(timed(work));
    const { user, system } = process.threadCpuUsage(before);
    coreMs.push((user + system) / 1000);
  };
  let rounds = 0;
  const work = (): void => {
    collect({ type: rounds++ % 500 === 0 ? 'major' : 'minor' });
    let againMs = 0;
    while (againMs === 0)
      measured(() => {
        againMs = writer.step();
      });
  };
  work();
  for (let number = 1; number <= observations; number++) {
    const entry = entryOf(number);
    writer.added(entry);
    if (pictureBytes > 0) writer.addThumbnail(entry.id, randomBytes(pictureBytes));
    if (writer.dueInMs === 0) work();
  }
  writer.close();
  report(name, coreMs, 1, maxPieceMs, `; with all waits ${within(wallMs, 1).toFixed(1)} ms`);
}

function writerOf(folder: string, maxBytes: number): HistoryWriter {
  const outbox = { id: 'outbox', since: () => [] };
  return new HistoryWriter({ folder, maxAgeMs: 3650 * 86_400_000, maxBytes }, outbox, ({ message }) => {
    throw new Error(message);
  });
}

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

const page = { cursor: null, limit: 50, order: 'newest' } as const;
const everything = { sinceMs: startMs, untilMs: startMs + (count + 1) * everyMs, maxBands: 1000 };
const middle = Math.floor(count / 2);
const middleMs = startMs + middle * everyMs;
const reads: Readonly<Record<string, (reader: HistoryReader) => unknown>> = {
  'search, a word in each': (reader) => reader.page({ text: 'description' }, page),
  'search, a word in one of a thousand': (reader) => reader.page({ text: 'visitor' }, page),
  'search, a word in the oldest only': (reader) => reader.page({ text: 'zeppelin' }, page),
  'search, a word in none': (reader) => reader.page({ text: 'submarine' }, page),
  'search, two words never together': (reader) => reader.page({ text: 'parcel bicycle' }, page),
  'search, the beginning of a word': (reader) => reader.page({ text: 'wheel*' }, page),
  'search, the first letter of many words': (reader) => reader.page({ text: 'a*' }, page),
  'search, of a camera before a time': (reader) =>
    reader.page({ text: 'dog', camera: 'yard', untilMs: middleMs }, page),
  'page, the newest': (reader) => reader.page({}, page),
  'page, of a camera from the middle': (reader) =>
    reader.page({ camera: 'gate' }, { ...page, cursor: middle }),
  'page, of an answer': (reader) => reader.page({ question: 'people', answer: 2 }, page),
  'page, of a day': (reader) => reader.page({ sinceMs: middleMs, untilMs: middleMs + 86_400_000 }, page),
  'page, each with the one before': (reader) =>
    reader.page({ text: 'parcel' }, { ...page, withPrevious: true }),
  'timeline, of everything': (reader) =>
    reader.timeline({ camera: 'porch', question: 'gate_open', ...everything }),
  'timeline, of an answer that changes often': (reader) =>
    reader.timeline({ camera: 'yard', question: 'people', ...everything }),
  'timeline, of a week': (reader) =>
    reader.timeline({
      ...{ camera: 'yard', question: 'people', maxBands: 1000 },
      ...{ sinceMs: middleMs, untilMs: middleMs + 7 * 86_400_000 },
    }),
  'timeline, of a question that was never asked': (reader) =>
    reader.timeline({ camera: 'yard', question: 'snow', ...everything }),
  'an observation and its neighbours': (reader) => reader.neighbours(middle),
};

function newestIn(folder: string): number {
  const reader = new HistoryReader(folder);
  const [newest] = reader.page({}, { cursor: null, limit: 1, order: 'newest' }).items;
  reader.close();
  return newest!.number;
}

function writeAll(): void {
  write('writing and indexing', count, writerOf(large, 4 * 2 ** 30));
  const bytes = bytesIn(large);
  process.stdout.write(
    `${count} observations in ${readdirSync(large).length} files, ${formatBytes(bytes)}, ${Math.round(bytes / count)} bytes each\n`,
  );
  const pruned = join(scratch, 'pruned');
  write('the same, with the oldest deleted', count / 4, writerOf(pruned, bytes / 16));
  write('writing with pictures of 8 kB', count / 50, writerOf(join(scratch, 'pictures'), 4 * 2 ** 30), 8000);
}

function readAll(): void {
  const reader = new HistoryReader(large);
  for (const [name, read] of Object.entries(reads)) {
    const fresh = new HistoryReader(large);
    const first = timed(() => read(fresh));
    fresh.close();
    const times = [first, ...Array.from({ length: 40 }, () => timed(() => read(reader)))];
    report(name, times, 0.95, maxReadMs);
  }
  reader.close();
}

try {
  if (!kept) writeAll();
  readAll();
} finally {
  rmSync(scratch, { recursive: true });
}
process.exitCode = isGood ? 0 : 1;
