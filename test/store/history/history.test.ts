import { mkdtempSync, readdirSync, readlinkSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { observedPayload } from '../../../src/contract/payloads.ts';
import { History } from '../../../src/store/history/history.ts';
import { type HistoryBounds, segmentsIn } from '../../../src/store/history/history-folder.ts';
import { Outbox } from '../../../src/store/outbox.ts';
import { madeObservation } from '../../../tools/durability/made-observation.ts';
import { LogLines } from '../../../tools/test/log-lines.ts';
import { dayMs, TestHistory } from './fixture.ts';

const log = { debug() {}, info() {}, warn: console.error, error: console.error };
const bounds = { maxEntries: 1000, maxBytes: 1 << 20, maxAgeMs: 1e9, replayMs: 1e9 };
const everything = { sinceMs: 0, untilMs: Date.now() + 1e9, maxBands: 1000 };
const newest = { cursor: null, limit: 10, order: 'newest' } as const;

function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-history-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function openOutbox(folder: string, history: HistoryBounds | null): Promise<Outbox> {
  const outbox = new Outbox({ path: join(folder, 'outbox.db'), bounds, history, log });
  onTestFinished(() => outbox.close());
  await outbox.open();
  return outbox;
}

function boundsIn(folder: string): HistoryBounds {
  return { folder: join(folder, 'history'), maxAgeMs: 90 * 86_400_000, maxBytes: 256 << 20 };
}

function openHistory({ folder }: HistoryBounds): History {
  const history = new History(folder, log);
  onTestFinished(() => history.close());
  return history;
}

/** As the publisher stores it. */
function entryOf(number: number): { id: string; camera: string; body: string } {
  const observation = madeObservation(number);
  const { id, camera } = observation.frame;
  const description = observedPayload(observation, observation.frame.capturedAt);
  return { id, camera, body: JSON.stringify({ description }) };
}

test('a file that is found to be damaged is logged once, and the rest is read', async () => {
  const written = new TestHistory({ maxAgeMs: 160 * dayMs });
  for (const days of [22, 11, 0]) {
    written.add({ at: new Date(Date.now() - days * dayMs).toISOString() });
    written.flush();
  }
  written.writer.close();
  const [oldest] = segmentsIn(written.folder);
  truncateSync(oldest!.path, 3000);
  const lines = new LogLines();
  const history = new History(written.folder, lines);
  onTestFinished(() => history.close());
  for (let times = 0; times < 2; times++) expect((await history.page({}, newest)).items).toHaveLength(2);
  expect(lines.of('a part of the history is damaged, and is not searched')).toMatchObject([
    { level: 'warn', fields: { path: oldest!.path } },
  ]);
});

test('what is added to the outbox is in the history too, as it was published, with its picture', async () => {
  const folder = scratchFolder();
  const kept = boundsIn(folder);
  const outbox = await openOutbox(folder, kept);
  const entries = [1, 2, 3].map(entryOf);
  for (const entry of entries) await outbox.add(entry);
  outbox.addThumbnail(entries[1]!.id, Buffer.from('the picture'));
  await outbox.writeHistory();
  const history = openHistory(kept);
  const { items } = await history.page({}, newest);
  expect(items.map(({ observation }) => observation)).toEqual(
    entries.toReversed().map(({ body }) => JSON.parse(body).description),
  );
  expect(items.map(({ hasThumbnail }) => hasThumbnail)).toEqual([false, true, false]);
  expect(Buffer.from((await history.thumbnail(2))!).toString()).toBe('the picture');
  expect(await history.thumbnail(3)).toBeNull();
});

test('what the outbox had before is in the history too, and what comes before it is closed', async () => {
  const folder = scratchFolder();
  const kept = boundsIn(folder);
  const before = await openOutbox(folder, null);
  await before.add(entryOf(1));
  await before.close();
  const outbox = await openOutbox(folder, kept);
  await outbox.add(entryOf(2));
  await outbox.close();
  const { items } = await openHistory(kept).page({}, newest);
  expect(items.map(({ number }) => number)).toEqual([2, 1]);
});

test('a thread answers questions beside each other, and none once it is closed', async () => {
  const folder = scratchFolder();
  const kept = boundsIn(folder);
  const outbox = await openOutbox(folder, kept);
  for (const number of [1, 2, 3, 4, 5, 6]) await outbox.add(entryOf(number));
  await outbox.writeHistory();
  const history = openHistory(kept);
  const [found, timeline, neighbours] = await Promise.all([
    history.page({ text: 'parcel', camera: 'yard' }, newest),
    history.timeline({ camera: 'yard', question: 'people', ...everything }),
    history.neighbours(4),
  ]);
  expect(found.items.map(({ number }) => number)).toEqual([4, 1]);
  expect(timeline.totals.map(({ value }) => value).toSorted()).toEqual([1, 4]);
  expect(neighbours).toMatchObject({ item: { number: 4 }, before: { number: 1 }, after: null });
  await history.close();
  await history.close();
  await expect(history.neighbours(4)).rejects.toThrow('the history is closed');
});

/** The files in a folder that this process has open, its threads included. */
function openFilesIn(folder: string): string[] {
  const targets = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // Closed since it was listed.
      return [];
    }
  });
  return [
    ...new Set(targets.filter((path) => path.startsWith(folder)).map((path) => relative(folder, path))),
  ];
}

test.each([
  ['with', true],
  ['without', false],
])('%s a history, its files are open: %s', async (_, isKept) => {
  const folder = scratchFolder();
  const outbox = await openOutbox(folder, isKept ? boundsIn(folder) : null);
  await outbox.add(entryOf(1));
  await outbox.writeHistory();
  const others = openFilesIn(folder).filter((path) => path !== 'outbox.db' && path !== 'outbox.db-wal');
  expect(others.length > 0).toBe(isKept);
  expect(readdirSync(folder).toSorted()).toEqual([
    ...(isKept ? ['history'] : []),
    'outbox.db',
    'outbox.db-wal',
  ]);
});

test('without a history, none is written', async () => {
  const folder = scratchFolder();
  const outbox = await openOutbox(folder, null);
  await outbox.add(entryOf(1));
  outbox.addThumbnail('x', Buffer.from('x'));
  await outbox.writeHistory();
  const history = openHistory(boundsIn(folder));
  expect(await history.page({}, newest)).toEqual({ items: [], next: null });
});
