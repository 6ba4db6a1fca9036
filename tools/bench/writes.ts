/**
 * `npm run bench:writes`: what a description each ten seconds costs a memory card in a day. Fake descriptions go through the
 * real outbox file and history, at a clock that runs ahead; each is stored before it is acknowledged. Counts what the kernel
 * was given to write (write_bytes in /proc/self/io: whole pages; the file system's own journal is not in it). Exits with 1
 * over the limit, which thumbnails are not held to.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { observedPayload } from '../../src/contract/payloads.ts';
import { HistoryWriter } from '../../src/store/history/history-writer.ts';
import { OutboxFile } from '../../src/store/outbox-file.ts';
import { madeObservation } from '../durability/made-observation.ts';
import { wholeOption } from '../test/whole-option.ts';

const { values } = parseArgs({
  options: {
    descriptions: { type: 'string', default: '3000' },
    // On the disk to measure: a tmpfs writes nothing.
    folder: { type: 'string', default: 'build' },
  },
});
const count = wholeOption('descriptions', values.descriptions, 100);
const everyMs = 10_000;
const maxMegabytesPerDay = 60;

let nowMs = 0;
performance.now = () => nowMs;

function writtenBytes(): number {
  return Number(/^write_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}

function bodyOf(number: number): { id: string; camera: string; body: string } {
  const observation = madeObservation(number);
  const { id, camera } = observation.frame;
  const description = observedPayload(observation, observation.frame.capturedAt);
  return { id, camera, body: JSON.stringify({ description }) };
}

interface Options {
  /** As store.outbox.max_entries. */
  readonly maxEntries: number;
  /** Nothing is acknowledged. */
  readonly isAway?: boolean;
  readonly hasHistory?: boolean;
  /** Of each picture in the history. */
  readonly thumbnailBytes?: number;
}

interface Measured {
  readonly content: number;
  readonly written: number;
}

function measure({ maxEntries, isAway = false, hasHistory = true, thumbnailBytes = 0 }: Options): Measured {
  const folder = mkdtempSync(join(values.folder, 'writes-'));
  const bounds = { maxEntries, maxBytes: 64 << 20, maxAgeMs: 7 * 86_400_000, replayMs: 35 * 60_000 };
  const file = new OutboxFile(join(folder, 'outbox.db'), bounds, () => {});
  const kept = { folder: join(folder, 'history'), maxAgeMs: 90 * 86_400_000, maxBytes: 256 << 20 };
  const outbox = { id: 'outbox', since: (after: number, limit: number) => file.since(after, limit) };
  const history = new HistoryWriter(kept, outbox, ({ message, fields }) => {
    throw new Error(message, { cause: fields });
  });
  let content = 0;
  let before = 0;
  let seq = 0;
  try {
    file.open();
    // Until it is as full as it becomes.
    const warmUp = isAway ? maxEntries : 360;
    for (let number = 0; number < warmUp + count; number++) {
      if (number === warmUp) before = writtenBytes();
      nowMs += everyMs;
      const entry = bodyOf(number);
      if (number >= warmUp) content += entry.body.length;
      const added = file.add(entry)!;
      file.commit();
      if (hasHistory) {
        history.added(added);
        if (thumbnailBytes > 0) history.addThumbnail(added.id, randomBytes(thumbnailBytes));
        while (history.step() === 0);
      }
      if (isAway) continue;
      seq = file.waiting(seq, 1)[0]!.seq;
      file.delivered(seq);
    }
    if (hasHistory) history.close();
    file.close();
    const written = writtenBytes() - before;
    if (file.status.fault !== null) throw new Error(file.status.fault);
    if (written === 0) throw new Error(`${values.folder}: nothing is written to a disk there; try --folder`);
    return { content, written };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const scale = 86_400_000 / everyMs / count;
const rows = [
  { name: 'with a broker', options: { maxEntries: 10_000 } },
  { name: 'with a broker, without history', options: { maxEntries: 10_000, hasHistory: false } },
  { name: 'broker away, outbox full', options: { maxEntries: 6400, isAway: true } },
  { name: 'with thumbnails of 8 kB', options: { maxEntries: 10_000, thumbnailBytes: 8000 }, isFree: true },
];
let isGood = true;
for (const { name, options, isFree = false } of rows) {
  const { content, written } = measure(options);
  const megabytes = (bytes: number): string => ((bytes * scale) / 1e6).toFixed(1);
  if (!isFree && written * scale > maxMegabytesPerDay * 1e6) isGood = false;
  process.stdout.write(
    `${name}: ${Math.round(written / count)} bytes for each description, ${megabytes(written)} MB a day for ${megabytes(content)} MB of content\n`,
  );
}
process.stdout.write(
  isGood ? `under ${maxMegabytesPerDay} MB a day\n` : `OVER ${maxMegabytesPerDay} MB a day\n`,
);
process.exitCode = isGood ? 0 : 1;
