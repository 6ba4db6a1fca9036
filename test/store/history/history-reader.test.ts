import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import type { HistoryFilter, HistoryOrder } from '../../../src/domain/history.ts';
import { segmentsIn } from '../../../src/store/history/history-folder.ts';
import { type HistoryDamage, HistoryReader } from '../../../src/store/history/history-reader.ts';
import { wordsOf } from '../../../src/store/history/search-words.ts';
import { dayMs, startMs, TestHistory, type Told } from './fixture.ts';

afterEach(() => {
  vi.useRealTimers();
});

function historyOf(...told: Told[]): TestHistory {
  const history = new TestHistory();
  for (const each of told) history.add(each);
  history.flush();
  return history;
}

function numbersIn(reader: HistoryReader, filter: HistoryFilter, order: HistoryOrder = 'newest'): number[] {
  return reader.page(filter, { cursor: null, limit: 10_000, order }).items.map(({ number }) => number);
}

function overwriteEnd(path: string): void {
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xff, bytes.length / 4, bytes.length));
}

/** Two weeks of observations in segments of two days, a hundred of them a day. */
function longHistory(): TestHistory {
  vi.useFakeTimers({ toFake: ['performance', 'Date'], now: startMs });
  const history = new TestHistory({ maxAgeMs: 32 * dayMs });
  for (let number = 1; number <= 1400; number++) {
    vi.advanceTimersByTime(dayMs / 100);
    history.add({
      camera: number % 7 === 0 ? 'yard' : 'porch',
      text: number % 100 === 0 ? 'A parcel.' : 'Nothing.',
      answers: { open: number % 500 < 250 },
      at: new Date().toISOString(),
    });
    if (number % 50 === 0) history.flush();
  }
  expect(segmentsIn(history.folder).length).toBeGreaterThan(4);
  return history;
}

test('a search finds what has all words, in any case, with or without accents, and beginnings with a star', () => {
  const reader = historyOf(
    { text: 'A person carries a parcel.' },
    { text: 'Two PARCELS lie at the café’s door.' },
    { text: null, answers: { oddity: 'the parcel is open' } },
    { text: 'A dog.' },
    { text: 'Ein Café, eine Tür, 夜の庭' },
  ).reader();
  const found = (text: string): number[] => numbersIn(reader, { text });
  expect(found('parcel')).toEqual([3, 1]);
  expect(found('parcel*')).toEqual([3, 2, 1]);
  expect(found('Person PARCEL')).toEqual([1]);
  expect(found('person dog')).toEqual([]);
  expect(found('cafe')).toEqual([5, 2]);
  expect(found('Cafe\u0301')).toEqual([5, 2]);
  expect(found('tur')).toEqual([5]);
  expect(found('夜の庭')).toEqual([5]);
  expect(found('two-parcels')).toEqual([2]);
});

test('nothing in a search text is an operator', () => {
  const reader = historyOf(
    { text: 'cats or dogs' },
    { text: 'cats' },
    { text: 'not "near" text: dogs' },
  ).reader();
  const found = (text: string): number[] => numbersIn(reader, { text });
  expect(found('cats OR dogs')).toEqual([1]);
  expect(found('NOT dogs')).toEqual([3]);
  expect(found('text: near')).toEqual([3]);
  for (const odd of ['', ' ', '"', '*', '- ^ ( )', '\uE000', "'; DROP TABLE block; --"])
    expect(found(odd)).toEqual([]);
  expect(found('"cats')).toEqual([2, 1]);
});

test('camera, question and answer are filters, and no words to search for', () => {
  const reader = historyOf(
    { camera: 'porch', answers: { open: true, people: 1 } },
    { camera: 'yard', answers: { open: false } },
    { camera: 'constructor', answers: { open: 'true', people: 10 } },
    { camera: 'porch', text: 'porch yard open people' },
  ).reader();
  expect(numbersIn(reader, { camera: 'porch' })).toEqual([4, 1]);
  expect(numbersIn(reader, { camera: 'constructor' })).toEqual([3]);
  expect(numbersIn(reader, { camera: 'por' })).toEqual([]);
  expect(numbersIn(reader, { question: 'open' })).toEqual([3, 2, 1]);
  expect(numbersIn(reader, { question: 'open', answer: true })).toEqual([1]);
  expect(numbersIn(reader, { question: 'open', answer: 'true' })).toEqual([3]);
  expect(numbersIn(reader, { question: 'people', answer: 1 })).toEqual([1]);
  expect(numbersIn(reader, { camera: 'yard', question: 'people' })).toEqual([]);
  expect(numbersIn(reader, { text: 'yard' })).toEqual([4]);
  expect(numbersIn(reader, { text: 'yard', camera: 'yard' })).toEqual([]);
});

test('an uncertain answer counts as none, and is there as it was published', () => {
  const reader = historyOf(
    { answers: { open: true, people: 1 }, uncertain: ['open'] },
    { answers: { open: true, people: 1 } },
    { answers: { open: false, what: 'a\tdog' }, uncertain: ['open', 'what'] },
  ).reader();
  expect(numbersIn(reader, { question: 'open', answer: true })).toEqual([2]);
  expect(numbersIn(reader, { question: 'open', answer: null })).toEqual([3, 1]);
  expect(numbersIn(reader, { question: 'people', answer: 1 })).toEqual([2, 1]);
  expect(numbersIn(reader, { text: 'dog' })).toEqual([3]);
  const { items } = reader.page({}, { cursor: null, limit: 3, order: 'newest' });
  expect(items.map(({ observation: { answers }, uncertain }) => ({ answers, uncertain }))).toEqual([
    { answers: { open: false, what: 'a\tdog' }, uncertain: ['open', 'what'] },
    { answers: { open: true, people: 1 }, uncertain: [] },
    { answers: { open: true, people: 1 }, uncertain: ['open'] },
  ]);
  const times = { sinceMs: startMs, untilMs: startMs + dayMs, maxBands: 4000 };
  const { bands } = reader.timeline({ camera: 'porch', question: 'open', ...times });
  expect(bands.map(({ value, isMixed }) => [value, isMixed])).toEqual([
    [null, false],
    [true, false],
    [null, false],
  ]);
});

test('no text passes for a camera or an answer', () => {
  const observation = {
    ...{ id: '', camera: 'yard', captured_at: '' },
    ...{ description: null, answers: { open: true } },
  };
  const reader = historyOf({ text: wordsOf({ observation, uncertain: [] }) }).reader();
  expect(numbersIn(reader, { camera: 'porch' })).toEqual([1]);
  expect(numbersIn(reader, { camera: 'yard' })).toEqual([]);
  expect(numbersIn(reader, { question: 'open', answer: true })).toEqual([]);
});

test('times limit what is found: since then, and before', () => {
  const minutes = (count: number): number => startMs + count * 60_000;
  const reader = historyOf({}, {}, {}, { text: 'A parcel.' }, {}).reader();
  expect(numbersIn(reader, { sinceMs: minutes(2), untilMs: minutes(4) })).toEqual([3, 2]);
  expect(numbersIn(reader, { sinceMs: minutes(4) }, 'oldest')).toEqual([4, 5]);
  expect(numbersIn(reader, { untilMs: minutes(2) })).toEqual([1]);
  expect(numbersIn(reader, { untilMs: minutes(1) })).toEqual([]);
  expect(numbersIn(reader, { text: 'parcel', sinceMs: minutes(4) })).toEqual([4]);
  expect(numbersIn(reader, { text: 'parcel', untilMs: minutes(4) })).toEqual([]);
});

test('an observation is found as it was, and a page says whether there are more', () => {
  const history = historyOf({ camera: 'yard', text: 'x\ny', answers: { a: 1, b: null } }, {}, {});
  const reader = history.reader();
  const page = reader.page({}, { cursor: null, limit: 3, order: 'oldest' });
  expect(page.next).toBeNull();
  const body = JSON.parse(history.entries[0]!.body) as { description: object };
  expect(page.items[0]!.observation).toEqual(body.description);
  expect(reader.page({}, { cursor: null, limit: 2, order: 'oldest' }).next).toBe(2);
});

test.each([
  ['newest', {}],
  ['oldest', {}],
  ['newest', { camera: 'yard' }],
  ['oldest', { text: 'parcel' }],
  ['newest', { sinceMs: startMs + 3.3 * dayMs, untilMs: startMs + 9.7 * dayMs }],
  ['oldest', { camera: 'porch', sinceMs: startMs + 3.3 * dayMs }],
] as const)('pages from the %s have every observation once: %j', (order, filter) => {
  const history = longHistory();
  const reader = history.reader();
  const expected = history.entries
    .map(({ body }) => JSON.parse(body).description)
    .filter(({ camera }) => !('camera' in filter) || camera === filter.camera)
    .filter(({ description }) => !('text' in filter) || description === 'A parcel.')
    .filter(({ captured_at }) => !('sinceMs' in filter) || Date.parse(captured_at) >= filter.sinceMs)
    .filter(({ captured_at }) => !('untilMs' in filter) || Date.parse(captured_at) < filter.untilMs)
    .map(({ id }) => id);
  expect(expected.length).toBeGreaterThan(10);
  const found: string[] = [];
  let cursor: number | null = null;
  do {
    const page = reader.page(filter, { cursor, limit: 37, order });
    found.push(...page.items.map(({ observation }) => observation.id));
    cursor = page.next;
  } while (cursor !== null);
  expect(found).toEqual(order === 'oldest' ? expected : expected.reverse());
});

test('the neighbours of an observation are those of its camera', () => {
  const reader = longHistory().reader();
  expect(reader.neighbours(700)).toMatchObject({
    item: { number: 700, observation: { camera: 'yard' } },
    before: { number: 693 },
    after: { number: 707 },
  });
  expect(reader.neighbours(1)).toMatchObject({ before: null, after: { number: 2 } });
  expect(reader.neighbours(1400)).toMatchObject({ before: { number: 1393 }, after: null });
  expect(reader.neighbours(1401)).toBeNull();
  expect(reader.neighbours(0)).toBeNull();
});

test('a file that is deleted while it is read is missing, and nothing else is', () => {
  const history = longHistory();
  const reader = history.reader();
  expect(numbersIn(reader, { camera: 'yard' })).toHaveLength(200);
  const [first, second] = segmentsIn(history.folder);
  rmSync(first!.path);
  const left = numbersIn(reader, { camera: 'yard' });
  expect(left.at(-1)).toBeGreaterThanOrEqual(second!.first);
  expect(left[0]).toBe(1400);
  expect(reader.neighbours(1)).toBeNull();
});

test.each([
  ['cut short', (path: string) => truncateSync(path, statSync(path).size / 2)],
  ['overwritten at its end', overwriteEnd],
])('what was %s in an older file is missing and said once, and nothing else is', (_, damage) => {
  const history = longHistory();
  history.writer.close();
  const { path, first } = segmentsIn(history.folder)[1]!;
  const next = segmentsIn(history.folder)[2]!.first;
  const others = (numbers: readonly number[]): number[] =>
    numbers.filter((number) => number < first || number >= next);
  const whole = numbersIn(history.reader(), {});
  damage(path);
  const damages: HistoryDamage[] = [];
  const reader = new HistoryReader(history.folder, Infinity, (damage) => damages.push(damage));
  onTestFinished(() => reader.close());
  for (const order of ['newest', 'oldest'] as const) {
    const numbers = numbersIn(reader, {}, order);
    expect(others(numbers).toSorted((a, b) => b - a)).toEqual(others(whole));
    expect(numbers.length).toBeLessThan(whole.length);
  }
  expect(others(numbersIn(reader, { text: 'parcel' }))).toHaveLength(12);
  expect(reader.neighbours(first + 100)).toBeNull();
  expect(reader.thumbnail(first + 100)).toBeNull();
  const times = { sinceMs: startMs, untilMs: startMs + 15 * dayMs, maxBands: 100 };
  const { bands } = reader.timeline({ camera: 'porch', question: 'open', ...times });
  expect(bands.some(({ sinceMs }) => sinceMs < startMs + 2 * dayMs)).toBe(true);
  expect(damages).toEqual([{ path, reason: expect.stringMatching(/malformed/) }]);
});

test('a history that does not exist is empty', () => {
  const reader = new TestHistory().reader();
  expect(reader.page({}, { cursor: null, limit: 10, order: 'newest' })).toEqual({ items: [], next: null });
  expect(reader.neighbours(1)).toBeNull();
  expect(reader.thumbnail(1)).toBeNull();
});
