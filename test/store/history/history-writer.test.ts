import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test, vi } from 'vitest';
import { segmentsIn } from '../../../src/store/history/history-folder.ts';
import { idsInHistory } from '../../../tools/durability/ids-in-history.ts';
import { dayMs, TestHistory } from './fixture.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** The ids of all observations in the history, oldest first. */
const idsIn = (history: TestHistory): string[] => idsInHistory(history.folder);

const idsOf = (history: TestHistory): string[] => history.entries.map(({ id }) => id);

test('observations are written 64 at a time, and what has waited for ten minutes too', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const history = new TestHistory();
  history.work();
  for (let count = 0; count < 63; count++) history.add();
  history.work();
  expect(idsIn(history)).toEqual([]);
  history.add();
  expect(history.writer.dueInMs).toBe(0);
  history.work();
  expect(idsIn(history)).toEqual(idsOf(history));
  history.add();
  vi.advanceTimersByTime(9 * 60_000);
  history.work();
  expect(idsIn(history)).toHaveLength(64);
  vi.advanceTimersByTime(60_000);
  history.work();
  expect(idsIn(history)).toEqual(idsOf(history));
});

test('what a crash kept from the history comes from the outbox at the next start, once', () => {
  const history = new TestHistory();
  history.work();
  for (let count = 0; count < 100; count++) history.add();
  history.work();
  expect(idsIn(history)).toHaveLength(64);
  history.start();
  history.flush();
  expect(idsIn(history)).toEqual(idsOf(history));
  history.start();
  history.flush();
  expect(idsIn(history)).toEqual(idsOf(history));
});

test('entries that are added while it catches up come once', () => {
  const history = new TestHistory();
  for (let count = 0; count < 150; count++) history.add();
  expect(history.writer.step()).toBe(0);
  for (let count = 0; count < 10; count++) history.add();
  history.work();
  for (let count = 0; count < 10; count++) history.add();
  history.writer.close();
  expect(idsIn(history)).toEqual(idsOf(history));
});

test('an entry that was read from the outbox before it was announced comes once', () => {
  const history = new TestHistory();
  history.add();
  history.writer.step();
  history.writer.added(history.entries[0]!);
  history.add();
  history.flush();
  expect(idsIn(history)).toEqual(['id 1', 'id 2']);
});

test('what has waited in the outbox for long does not take a file for each block', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 5, 15) });
  const history = new TestHistory({ maxAgeMs: 32 * dayMs });
  for (let count = 0; count < 1000; count++) history.add();
  history.flush();
  expect(segmentsIn(history.folder)).toHaveLength(1);
  expect(idsIn(history)).toEqual(idsOf(history));
});

test('an outbox that was replaced is read from its first entry', () => {
  const history = new TestHistory();
  for (let count = 0; count < 3; count++) history.add();
  history.flush();
  history.writer.close();
  history.entries.length = 0;
  history.id = 'outbox 2';
  history.add({ text: 'In the new outbox.' });
  history.start();
  history.flush();
  const { items } = history.reader().page({}, { cursor: null, limit: 10, order: 'newest' });
  expect(items.map(({ number }) => number)).toEqual([4, 3, 2, 1]);
  expect(items[0]!.observation.description).toBe('In the new outbox.');
});

test('nothing is read from an outbox that cannot be opened', () => {
  const history = new TestHistory();
  history.id = '';
  history.add();
  expect(history.writer.step()).toBeGreaterThan(0);
  history.flush();
  expect(idsIn(history)).toEqual([]);
});

test('an entry without an observation is passed over', () => {
  const history = new TestHistory();
  history.add();
  history.entries.push({ seq: 2, id: 'x', camera: 'porch', body: '{"description":' });
  history.entries.push({ seq: 3, id: 'x', camera: 'porch', body: '{"description":{"id":"x"}}' });
  history.add();
  history.flush();
  expect(idsIn(history)).toEqual(['id 1', 'id 4']);
  history.start();
  history.flush();
  expect(idsIn(history)).toEqual(['id 1', 'id 4']);
});

test('nothing gets older than the maximum age, and little is deleted long before', () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'], now: Date.UTC(2026, 5, 1) });
  const history = new TestHistory({ maxAgeMs: 16 * dayMs });
  const reader = history.reader();
  for (let day = 0; day < 40; day++) {
    vi.advanceTimersByTime(dayMs);
    history.add({ at: new Date().toISOString() });
    history.flush();
    history.work();
    const { items } = reader.page({}, { cursor: null, limit: 100, order: 'newest' });
    for (const { observation } of items)
      expect(Date.now() - Date.parse(observation.captured_at)).toBeLessThanOrEqual(16 * dayMs);
    expect(items.length).toBeGreaterThanOrEqual(Math.min(day + 1, 14));
    expect(items[0]!.number).toBe(day + 1);
  }
  // Nor if nothing new comes.
  vi.advanceTimersByTime(17 * dayMs);
  history.work();
  expect(segmentsIn(history.folder)).toEqual([]);
  history.add({ at: new Date().toISOString() });
  history.flush();
  expect(reader.page({}, { cursor: null, limit: 10, order: 'newest' }).items).toMatchObject([{ number: 41 }]);
});

test('a clock that is not set deletes nothing', () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'], now: Date.UTC(2026, 5, 1) });
  const history = new TestHistory({ maxAgeMs: dayMs });
  history.add({ at: new Date().toISOString() });
  history.flush();
  history.writer.close();
  vi.setSystemTime(0);
  history.start();
  vi.advanceTimersByTime(120_000);
  history.work();
  expect(idsIn(history)).toEqual(['id 1']);
});

test('an observation from before the clock was set counts from when it was written', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 5, 1) });
  const history = new TestHistory();
  history.add({ at: '1970-01-01T00:00:20.000Z' });
  history.flush();
  const since = history.reader().page({ sinceMs: Date.now() }, { cursor: null, limit: 10, order: 'newest' });
  expect(since.items).toHaveLength(1);
});

test('the oldest observations make room for new ones', () => {
  const history = new TestHistory({ maxBytes: 4 << 20 });
  const bytes = (): number =>
    readdirSync(history.folder).reduce((sum, name) => sum + statSync(join(history.folder, name)).size, 0);
  history.work();
  for (let count = 0; count < 9600; count++) {
    history.add({ text: randomBytes(400).toString('base64url') });
    if (count % 64 === 63) history.work();
    if (count % 640 === 639) expect(bytes()).toBeLessThanOrEqual(4 << 20);
  }
  const ids = idsIn(history);
  expect(ids.at(-1)).toBe('id 9600');
  expect(ids).toEqual(idsOf(history).slice(-ids.length));
  expect(ids.length).toBeGreaterThan(1000);
  expect(ids.length).toBeLessThan(9000);
});

test('a damaged file is moved aside, the others can be read, and no number is used twice', () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'], now: Date.UTC(2026, 5, 1) });
  const history = new TestHistory({ maxAgeMs: 160 * dayMs });
  for (let day = 0; day < 2; day++) {
    history.add({ at: new Date().toISOString() });
    history.flush();
    vi.advanceTimersByTime(11 * dayMs);
  }
  history.writer.close();
  const [first, second] = segmentsIn(history.folder);
  writeFileSync(second!.path, 'not a database, whatever its name says. '.repeat(1000));
  history.start();
  history.work();
  expect(history.notices).toMatchObject([
    { level: 'error', fields: { path: second!.path, aside: `${second!.path}.damaged` } },
  ]);
  history.add({ at: new Date().toISOString() });
  history.flush();
  const { items } = history.reader().page({}, { cursor: null, limit: 10, order: 'oldest' });
  expect(items[0]).toMatchObject({ number: 1, observation: { id: 'id 1' } });
  expect(items.at(-1)!.number).toBeGreaterThan(100_000);
  expect(existsSync(first!.path)).toBe(true);
  // A copy must not outlive what it is a copy of.
  vi.advanceTimersByTime(10 * 365 * dayMs);
  history.work();
  expect(existsSync(`${second!.path}.damaged`)).toBe(false);
});

test('if its folder is deleted, it begins again, and that is logged', () => {
  const history = new TestHistory();
  history.work();
  history.add();
  history.flush();
  rmSync(history.folder, { recursive: true });
  history.add();
  history.add();
  history.flush();
  expect(history.notices.map(({ message }) => message)).toEqual(['history was deleted; a new one begins']);
  expect(idsIn(history)).toEqual(['id 2', 'id 3']);
});

test('while it cannot be written, that is logged once, and later nothing is missing', () => {
  const history = new TestHistory();
  writeFileSync(history.folder, '');
  for (let count = 0; count < 3; count++) {
    history.add();
    expect(history.writer.step()).toBe(60_000);
  }
  expect(history.notices).toMatchObject([{ level: 'error', fields: { folder: history.folder } }]);
  rmSync(history.folder);
  history.work();
  history.flush();
  expect(history.notices.map(({ level }) => level)).toEqual(['error', 'info']);
  expect(idsIn(history)).toEqual(idsOf(history));
});

test('a picture comes with its observation, or a little later', () => {
  const history = new TestHistory();
  history.work();
  const jpeg = Buffer.from('the picture');
  history.writer.addThumbnail(history.add(), jpeg);
  history.writer.addThumbnail('never added', jpeg);
  const second = history.add();
  history.flush();
  history.writer.addThumbnail(second, Buffer.from('late'));
  history.add();
  history.flush();
  const reader = history.reader();
  const { items } = reader.page({}, { cursor: null, limit: 10, order: 'oldest' });
  expect(items.map(({ hasThumbnail }) => hasThumbnail)).toEqual([true, true, false]);
  expect(Buffer.from(reader.thumbnail(1)!).toString()).toBe('the picture');
  expect(Buffer.from(reader.thumbnail(2)!).toString()).toBe('late');
  expect(reader.thumbnail(3)).toBeNull();
});

test('many pictures are written before they fill the memory', () => {
  const history = new TestHistory();
  history.work();
  for (let count = 0; count < 40; count++) history.writer.addThumbnail(history.add(), Buffer.alloc(30_000));
  history.work();
  expect(idsIn(history)).toHaveLength(40);
});

test('a picture of what is no observation is not kept waiting', () => {
  const history = new TestHistory();
  history.work();
  const alert = { seq: 1, id: 'alert 1', camera: 'porch alerts', body: '{"alert":{}}' };
  history.entries.push(alert);
  history.writer.added(alert);
  history.flush();
  history.writer.addThumbnail(alert.id, Buffer.alloc(1 << 20));
  history.add();
  expect(history.writer.dueInMs).toBeGreaterThan(0);
  history.writer.addThumbnail(history.add(), Buffer.alloc(1 << 20));
  expect(history.writer.dueInMs).toBe(0);
});

test('only its owner may read it', () => {
  const history = new TestHistory();
  history.add();
  history.flush();
  for (const name of ['', ...readdirSync(history.folder)])
    expect(statSync(join(history.folder, name)).mode & 0o077).toBe(0);
});

/** Of the newest file, in bytes. */
function logBytes({ folder }: TestHistory): number {
  return statSync(`${segmentsIn(folder).at(-1)!.path}-wal`).size;
}

function addBlocks(history: TestHistory, blocks: number): void {
  for (let count = 0; count < 64 * blocks; count++) {
    history.add({ text: randomBytes(400).toString('base64url') });
    if (count % 64 === 63) history.work();
  }
}

test('the log is moved into the file before it is long', () => {
  const history = new TestHistory();
  history.work();
  addBlocks(history, 60);
  expect(logBytes(history)).toBeLessThan(1 << 20);
});

test('a reader that stays keeps the log, and the writer goes on', () => {
  const history = new TestHistory();
  history.work();
  addBlocks(history, 1);
  const other = new DatabaseSync(segmentsIn(history.folder)[0]!.path, { readOnly: true });
  try {
    other.exec('BEGIN');
    other.prepare('SELECT count(*) FROM block').get();
    addBlocks(history, 40);
    expect(logBytes(history)).toBeGreaterThan(1 << 20);
  } finally {
    other.close();
  }
  addBlocks(history, 20);
  expect(idsIn(history)).toEqual(idsOf(history));
});

test('a reader does not hold up the writer', () => {
  const history = new TestHistory();
  history.add();
  history.flush();
  const [segment] = segmentsIn(history.folder);
  const other = new DatabaseSync(segment!.path, { readOnly: true });
  try {
    other.exec('BEGIN');
    expect(other.prepare('SELECT count(*) AS count FROM block').get()).toEqual({ count: 1 });
    history.add();
    history.flush();
    expect(history.notices).toEqual([]);
    expect(idsIn(history)).toEqual(['id 1', 'id 2']);
    expect(other.prepare('SELECT count(*) AS count FROM block').get()).toEqual({ count: 1 });
  } finally {
    other.close();
  }
});
