import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { Outbox } from '../../src/store/outbox.ts';
import { OutboxFile } from '../../src/store/outbox-file.ts';
import type { NewEntry, OutboxBounds } from '../../src/store/outbox-protocol.ts';

const lines: { level: string; fields: object; message: string }[] = [];
const keep =
  (level: string) =>
  (fields: object, message: string): void =>
    void lines.push({ level, fields, message });
const log = { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
const roomy: OutboxBounds = { maxEntries: 1000, maxBytes: 1 << 20, maxAgeMs: 1e9, replayMs: 1e9 };

afterEach(() => {
  lines.length = 0;
  vi.useRealTimers();
});

function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-outbox-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const scratchPath = (): string => join(scratchFolder(), 'outbox.db');

async function open(path: string, bounds: Partial<OutboxBounds> = {}): Promise<Outbox> {
  const outbox = new Outbox({ path, bounds: { ...roomy, ...bounds }, log });
  onTestFinished(() => outbox.close());
  await outbox.open();
  return outbox;
}

const entry = (id: string, body = `body of ${id}`, camera = 'porch'): NewEntry => ({ id, camera, body });

/** Text that cannot be compressed. */
const unlike = (length: number): string => randomBytes(length).toString('base64').slice(0, length);

async function idsWaiting(outbox: Outbox, after = 0): Promise<string[]> {
  return (await outbox.waiting(after, 10_000)).map(({ id }) => id);
}

test('entries wait in order, and across a restart, until they are delivered', async () => {
  const path = scratchPath();
  const first = await open(path);
  // Not in the order of their ids.
  await Promise.all(['c', 'a', 'b'].map((id) => first.add(entry(id))));
  const [c] = await first.waiting(0, 1);
  expect(c).toEqual({ ...entry('c'), seq: 1 });
  first.delivered(1);
  await first.close();
  const second = await open(path);
  expect(second.id).toBe(first.id);
  expect(await second.waiting(0, 10)).toEqual([
    { ...entry('a'), seq: 2 },
    { ...entry('b'), seq: 3 },
  ]);
  expect(await idsWaiting(second, 2)).toEqual(['b']);
  expect(second.health).toEqual({ depth: 2, dropped: 0, damaged: 0, fault: null });
  expect(second.replayable).toBe(1);
});

test('its age counts from when it was last empty', async () => {
  const outbox = await open(scratchPath());
  expect(outbox.ageMs).toBe(0);
  await outbox.add(entry('a'));
  const first = outbox.ageMs;
  await sleep(20);
  await outbox.add(entry('b'));
  outbox.delivered(1);
  await outbox.waiting(0, 10);
  expect(outbox.ageMs).toBeGreaterThan(first + 15);
  outbox.delivered(2);
  await outbox.waiting(0, 10);
  expect(outbox.ageMs).toBe(0);
});

test('entries that a broker lost wait again, in order and under the same numbers', async () => {
  const outbox = await open(scratchPath());
  for (const id of ['a', 'b', 'c', 'd']) await outbox.add(entry(id, id, id === 'a' ? 'yard' : 'porch'));
  for (const { seq } of await outbox.waiting(0, 10)) outbox.delivered(seq);
  expect(await idsWaiting(outbox)).toEqual([]);
  expect(await outbox.sendAgain(2)).toBe(2);
  expect(await outbox.waiting(0, 10)).toEqual([
    { ...entry('c', 'c'), seq: 3 },
    { ...entry('d', 'd'), seq: 4 },
  ]);
});

test('the newest entry of each camera is known, delivered or not, and after a restart', async () => {
  const path = scratchPath();
  const first = await open(path);
  expect(await first.newest()).toEqual([]);
  for (const id of ['a', 'b', 'c', 'd']) await first.add(entry(id, id, id === 'a' ? 'yard' : 'porch'));
  for (const { seq } of await first.waiting(0, 3)) first.delivered(seq);
  const newest = [
    { ...entry('a', 'a', 'yard'), seq: 1 },
    { ...entry('d', 'd'), seq: 4 },
  ];
  expect(await first.newest()).toMatchObject(newest);
  await first.close();
  const second = await open(path);
  expect(await second.newest()).toMatchObject(newest);
  await second.add(entry('e', 'e', 'yard'));
  expect((await second.newest()).map(({ id }) => id)).toEqual(['d', 'e']);
});

test('a number is never used again, even when all entries are gone', async () => {
  const path = scratchPath();
  const first = await open(path, { maxEntries: 1 });
  await first.add(entry('a'));
  await first.add(entry('b'));
  await first.close();
  const second = await open(path, { replayMs: 0, maxAgeMs: 0 });
  await second.add(entry('c'));
  expect((await second.waiting(0, 10)).map(({ seq }) => seq)).toContain(3);
});

test('over its limit, delivered entries are dropped first, then the oldest, which are counted', async () => {
  const outbox = await open(scratchPath(), { maxEntries: 3 });
  for (const id of ['a', 'b', 'c']) await outbox.add(entry(id));
  const [, b] = await outbox.waiting(0, 2);
  outbox.delivered(b!.seq);
  await outbox.add(entry('d'));
  expect(await idsWaiting(outbox)).toEqual(['a', 'c', 'd']);
  expect(outbox.health).toMatchObject({ depth: 3, dropped: 0 });
  await outbox.add(entry('e'));
  expect(await idsWaiting(outbox)).toEqual(['c', 'd', 'e']);
  expect(outbox.health).toMatchObject({ depth: 3, dropped: 1 });
  expect(lines).toContainEqual({
    level: 'warn',
    fields: { count: 1, reason: 'the outbox is full', droppedTotal: 1 },
    message: 'descriptions dropped from the outbox',
  });
});

test('bytes are limited too, and an entry that is too large on its own displaces no other', async () => {
  const outbox = await open(scratchPath(), { maxBytes: 100 });
  for (const id of ['a', 'b', 'c']) await outbox.add(entry(id, 'x'.repeat(40)));
  expect(await idsWaiting(outbox)).toEqual(['b', 'c']);
  await outbox.add(entry('d', 'x'.repeat(101)));
  expect(await idsWaiting(outbox)).toEqual(['b', 'c']);
  expect(outbox.health).toMatchObject({ depth: 2, dropped: 2 });
});

function openFile(path: string, bounds: Partial<OutboxBounds> = {}): OutboxFile {
  const file = new OutboxFile(path, { ...roomy, ...bounds }, () => {});
  file.open();
  return file;
}

test('entries that waited too long are dropped and counted; delivered entries expire too, except the newest of each camera', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const path = scratchPath();
  const first = openFile(path);
  for (const id of ['a', 'b', 'c', 'late']) first.add(entry(id));
  first.commit();
  for (const seq of [1, 2, 3]) first.delivered(seq);
  first.commit();
  vi.advanceTimersByTime(60_000);
  first.add(entry('fresh', 'x', 'yard'));
  first.close();
  const second = openFile(path, { maxAgeMs: 59_000, replayMs: 59_000 });
  expect(second.waiting(0, 10).map(({ id }) => id)).toEqual(['fresh']);
  expect(second.status).toMatchObject({ depth: 1, dropped: 1, replayable: 1 });
  expect(second.sendAgain(0)).toBe(1);
  expect(second.waiting(0, 10).map(({ id }) => id)).toEqual(['c', 'fresh']);
  // The age of an entry sent again counts from when it began to wait again.
  vi.advanceTimersByTime(15_000);
  second.add(entry('newer', 'x', 'yard'));
  second.commit();
  expect(second.waiting(0, 10).map(({ id }) => id)).toEqual(['c', 'fresh', 'newer']);
  second.close();
});

test('a step of the system clock does not age entries', () => {
  const path = scratchPath();
  const first = openFile(path, { maxAgeMs: 60_000 });
  first.add(entry('a'));
  first.close();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * 365 * 86_400_000 });
  const second = openFile(path, { maxAgeMs: 60_000 });
  expect(second.waiting(0, 10)).toHaveLength(1);
  second.close();
});

test.each([
  [
    'overwritten',
    (path: string) => writeFileSync(path, 'not a database, whatever its name says. '.repeat(100)),
  ],
  ['cut short', (path: string) => truncateSync(path, 5000)],
  [
    'written by a later Scenecast',
    (path: string) => {
      const database = new DatabaseSync(path);
      database.exec('PRAGMA user_version = 99');
      database.close();
    },
  ],
  [
    'corrupted inside',
    (path: string) => {
      const bytes = readFileSync(path);
      bytes.fill(0xa5, 4096, 16_384);
      writeFileSync(path, bytes);
    },
  ],
])('a file that was %s is moved aside and replaced by a new one', async (_how, damage) => {
  const path = scratchPath();
  const first = await open(path);
  for (let index = 0; index < 30; index++) await first.add(entry(`id ${index}`, unlike(1000)));
  await first.close();
  damage(path);
  const second = await open(path);
  expect(second.health).toEqual({ depth: 0, dropped: 0, damaged: 1, fault: null });
  expect(second.id).not.toBe(first.id);
  expect(existsSync(`${path}.damaged`)).toBe(true);
  expect(lines).toContainEqual({
    level: 'error',
    fields: { path, aside: `${path}.damaged`, reason: expect.any(String) },
    message: 'outbox damaged; moved aside and replaced by a new one',
  });
  await second.add(entry('new'));
  await second.close();
  expect(await idsWaiting(await open(path))).toEqual(['new']);
});

test('after a file is damaged during use, new entries are kept', () => {
  const path = scratchPath();
  const file = openFile(path);
  for (let index = 0; index < 500; index++) file.add(entry(`id ${index}`, unlike(20_000), 'yard'));
  file.commit();
  for (const name of [path, `${path}-wal`]) {
    const bytes = readFileSync(name);
    writeFileSync(name, bytes.fill(0xa5, Math.min(4096, bytes.length / 4)));
  }
  for (let index = 0; index < 300; index++) file.waiting(index, 1000);
  file.add(entry('new'));
  file.commit();
  expect(file.status).toMatchObject({ damaged: 1, fault: null });
  expect(file.waiting(0, 1000).map(({ id }) => id)).toEqual(['new']);
  file.close();
});

/** What a power cut would leave: the files as they are on the disk, without those in memory. */
function cut(path: string): string {
  const copy = scratchPath();
  for (const suffix of ['', '-wal'])
    if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
  return copy;
}

test('what was stored or delivered is known after a crash at any number of entries', () => {
  const path = scratchPath();
  const file = openFile(path);
  let seq = 0;
  for (let number = 1; number <= 150; number++) {
    file.add(entry(`id ${number}`, unlike(number % 7 === 0 ? 3000 : 300)));
    file.commit();
    if (number % 13 === 0) {
      const after = openFile(cut(path));
      expect(after.waiting(0, 1000).map(({ id }) => id)).toEqual([`id ${number - 1}`, `id ${number}`]);
      expect(after.status).toMatchObject({
        depth: 2,
        replayable: number - 2,
        outboxId: file.status.outboxId,
      });
      after.add(entry('next'));
      expect(after.waiting(number, 1)).toMatchObject([{ id: 'next', seq: number + 1 }]);
      after.close();
    }
    // Recorded with the next entry.
    if (number > 1) seq = file.waiting(seq, 1)[0]!.seq;
    if (number > 1) file.delivered(seq);
  }
  file.close();
});

test.each([
  ['its folder is deleted', (path: string) => rmSync(dirname(path), { recursive: true })],
  ['its folder is moved away', (path: string) => renameSync(dirname(path), `${dirname(path)}.old`)],
  ['the file alone is deleted', (path: string) => rmSync(path)],
  ['the write-ahead log alone is deleted', (path: string) => rmSync(`${path}-wal`)],
])('if %s, it is written again with everything that waits', (_what, remove) => {
  const path = join(scratchFolder(), 'state', 'outbox.db');
  const file = new OutboxFile(path, roomy, (notice) => lines.push(notice));
  file.open();
  file.restoreIfDeleted();
  for (let number = 0; number < 100; number++) {
    file.add(entry(`id ${number}`, unlike(500)));
    file.commit();
  }
  file.delivered(1);
  remove(path);
  file.add(entry('later'));
  file.commit();
  file.restoreIfDeleted();
  file.restoreIfDeleted();
  expect(lines.map(({ message }) => message)).toEqual(['outbox was deleted; written again']);
  expect(statSync(path).mode & 0o077).toBe(0);
  file.add(entry('last'));
  file.commit();
  const second = openFile(cut(path));
  expect(second.waiting(0, 1000)).toHaveLength(101);
  expect(second.waiting(0, 1000).at(-1)).toMatchObject({ id: 'last', seq: 102 });
  expect(second.status).toMatchObject({ outboxId: file.status.outboxId, damaged: 0 });
  second.close();
  file.close();
});

test('if another file took its place, that one is left alone and the fault is reported', () => {
  const path = scratchPath();
  const file = new OutboxFile(path, roomy, (notice) => lines.push(notice));
  file.open();
  file.add(entry('a'));
  file.commit();
  for (const suffix of ['', '-wal']) rmSync(path + suffix);
  const other = openFile(path);
  for (let count = 0; count < 3; count++) {
    file.restoreIfDeleted();
    file.add(entry(`b ${count}`));
    file.commit();
  }
  expect(file.status.fault).toMatch(/was replaced by another file; restart/);
  expect(lines).toHaveLength(1);
  expect(other.status.outboxId).not.toBe(file.status.outboxId);
  other.close();
  file.close();
});

test('only its owner may read it', async () => {
  const path = join(scratchFolder(), 'made', 'outbox.db');
  const outbox = await open(path);
  await outbox.add(entry('a'));
  for (const name of [dirname(path), path, `${path}-wal`]) expect(statSync(name).mode & 0o077).toBe(0);
});

test('a second Scenecast fails with the remedy, because the file is in use', async () => {
  const path = scratchPath();
  const first = await open(path);
  await first.add(entry('a'));
  await expect(open(path)).rejects.toThrow(
    /store\.folder: .* is in use by another Scenecast; give one .*another device/,
  );
});

test('a folder that cannot be created is named, with the remedy', async () => {
  const file = join(scratchFolder(), 'file');
  writeFileSync(file, '');
  const opening = open(join(file, 'outbox.db'));
  await expect(opening).rejects.toThrow(/store\.folder: .*file\/outbox\.db cannot be used: .*must belong/);
  await expect(opening).rejects.toMatchObject({ exitCode: 78 });
});
