import { expect, test } from 'vitest';
import { historyQuerySchema } from '../../src/contract/window-history.ts';
import type { Answer } from '../../src/domain/observation.ts';
import { bandsOfDay, totalsOfDay } from '../../web/src/past/answer-bands.ts';
import { changedWords } from '../../web/src/past/changed-words.ts';
import { dayAt, dayNamed, lastDays } from '../../web/src/past/days.ts';
import { byDay, listOf, withNewer, withOlder } from '../../web/src/past/past-list.ts';
import { anything, hashOfSearch, historyQueryOf, pastSearchOf } from '../../web/src/past/past-search.ts';
import { markByKey, marksPath, mergedMarks, nearestMark } from '../../web/src/past/strip-marks.ts';
import { looksOf } from '../../web/src/past/value-looks.ts';
import { routeOf } from '../../web/src/route.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Pieces with their marks: + added, - removed, ? found. */
function shown(text: string, before: string | null, searched = ''): string {
  const signs = { added: '+', removed: '-', found: '?' };
  return changedWords(text, before, searched)
    .pieces.map(({ text: piece, mark }) => (mark ? `[${signs[mark]}${piece}]` : piece))
    .join('');
}

test.each([
  ['A dog at the gate.', 'A cat at the gate.', 'A [-cat] [+dog] at the gate.'],
  ['A big red dog at the gate.', 'A dog at the gate.', 'A [+big red] dog at the gate.'],
  ['A dog at the gate.', 'A dog at the open gate, alone.', 'A dog at the [-open] gate [-alone].'],
  ['The gate is open', 'Now the gate is', '[-Now] The gate is [+open]'],
  ['The gate is open.', 'the GATE is open', 'The gate is open.'],
  ['Öl läuft aus.', 'Öl läuft.', 'Öl läuft [+aus].'],
  ['A dog.', null, 'A dog.'],
])('what has changed in %j since %j is marked', (text, before, marked) => {
  expect(shown(text, before)).toBe(marked);
});

test('without what was removed, the pieces are the text', () => {
  const text = '  <b>A red parcel</b>, a ball – and\n"the" gate.';
  const { pieces } = changedWords(text, 'A ball and the gate', '');
  expect(pieces.filter(({ mark }) => mark === 'added').map((piece) => piece.text)).toContain('red parcel');
  const kept = pieces.filter(({ mark }) => mark !== 'removed').map((piece) => piece.text);
  expect(kept.join('').replace(/\s+/g, '')).toBe(text.replace(/\s+/g, ''));
});

test('words that were searched for are found by their beginnings, also if they are new', () => {
  expect(shown('A red parcel, a ball.', 'A ball.', 'PARC a')).toBe('[?A] [+red] [?parcel], [?a] ball.');
  expect(shown('Das Tor', null, 'tor')).toBe('Das [?Tor]');
});

test('two sentences without much in common are not compared word by word', () => {
  const { pieces, isOther } = changedWords('A dog sleeps here.', 'The gate is open at night.', 'dog');
  expect([isOther, pieces.filter(({ mark }) => mark).map(({ text }) => text)]).toEqual([true, ['dog']]);
  expect(changedWords('A dog sleeps here.', null, '').isOther).toBe(false);
});

test('a day is one where the browser is, and has a name for the address', () => {
  const day = dayAt(new Date(2026, 10, 30, 13, 5).getTime());
  expect(day).toEqual({
    name: '2026-11-30',
    startMs: new Date(2026, 10, 30).getTime(),
    endMs: new Date(2026, 11, 1).getTime(),
  });
  expect(dayNamed('2026-11-30')).toEqual(day);
  for (const name of ['', '2026-02-30', '2026-13-01', '30.11.2026', 'x2026-11-30'])
    expect(dayNamed(name)).toBeNull();
  expect(lastDays(3, day.startMs).map(({ name }) => name)).toEqual([
    '2026-11-30',
    '2026-11-29',
    '2026-11-28',
  ]);
});

test('a search is the same after it was an address, and what makes no sense is left out', () => {
  const search = {
    text: 'red & blue',
    camera: 'porch',
    question: 'gate_open',
    answer: 'maybe "so"',
    day: '2026-11-30',
    at: 7,
    time: '2026-11-30T12:00:00.000Z',
  };
  expect(pastSearchOf(routeOf(hashOfSearch(search)).query)).toEqual(search);
  for (const answer of [true, false, 0, 3, null])
    expect(pastSearchOf(routeOf(hashOfSearch({ ...search, answer })).query).answer).toBe(answer);
  expect(hashOfSearch(anything)).toBe('#past');
  expect(pastSearchOf({ answer: 'true', day: 'today', at: '-1', time: 'noon' })).toEqual(anything);
  expect(pastSearchOf({ question: 'q', answer: '{"a":1}' }).answer).toBeUndefined();
});

test('the daemon understands what it is asked', () => {
  const search = { ...anything, text: ' red ', question: 'people', answer: 2, day: '2026-11-30' };
  const query = Object.fromEntries(new URLSearchParams(historyQueryOf(search, 'oldest', 9)));
  const { startMs, endMs } = dayNamed('2026-11-30')!;
  expect(historyQuerySchema.parse(query)).toEqual({
    text: 'red',
    question: 'people',
    answer: 2,
    since: new Date(startMs).toISOString(),
    until: new Date(endMs).toISOString(),
    order: 'oldest',
    cursor: 9,
    limit: 50,
  });
  expect(historyQueryOf(anything, 'newest', null)).toBe('order=newest');
});

const entryOf = (number: number, at: Date) => ({
  number,
  id: `id ${number}`,
  camera: 'porch',
  captured_at: at.toISOString(),
  description: null,
  answers: {},
  picture: false,
  previous: null,
});

test('a list grows at both ends and stays in order', () => {
  const [first, second] = [new Date(2026, 10, 29, 23, 59), new Date(2026, 10, 30, 0, 1)];
  const begun = listOf({ entries: [entryOf(5, second), entryOf(4, first)], next: 4 });
  const older = withOlder(begun, { entries: [entryOf(3, first)], next: null });
  const both = withNewer(older, { entries: [entryOf(6, second), entryOf(7, second)], next: 7 });
  expect(both).toMatchObject({ newer: 7, older: null });
  expect(
    byDay(both.entries).map(({ day, entries }) => [day.name, entries.map(({ number }) => number)]),
  ).toEqual([
    ['2026-11-30', [7, 6, 5]],
    ['2026-11-29', [4, 3]],
  ]);
});

const day = dayNamed('2026-11-30')!;
const bandOf = (value: Answer | null, fromHour: number, toHour: number, mixed = false) => ({
  value,
  mixed,
  since: new Date(day.startMs + fromHour * hourMs).toISOString(),
  until: new Date(day.startMs + toHour * hourMs).toISOString(),
});

test('of a timeline, a day has what falls on it', () => {
  const bands = [
    bandOf(false, -30, -1),
    bandOf(true, -1, 6),
    bandOf(null, 6, 12, true),
    bandOf(null, 18, 18),
    bandOf(false, 21, 30),
    bandOf(true, 30, 31),
  ];
  const ofDay = bandsOfDay(bands, day);
  expect(ofDay.map(({ value, isMixed, from, to }) => [value, isMixed, from * 24, to * 24])).toEqual([
    [true, false, 0, 6],
    [null, true, 6, 12],
    [null, false, 18, 18],
    [false, false, 21, 24],
  ]);
  expect(ofDay[0]!.since).toBe(bands[1]!.since);
  expect(totalsOfDay(ofDay, day)).toEqual([
    { value: true, totalMs: 6 * hourMs },
    { value: false, totalMs: 3 * hourMs },
    { value: null, totalMs: 0 },
  ]);
});

test('answers are told apart by their height too', () => {
  const looks = looksOf(['car', null, 'van', 'a', 'b', 'c', 'd']);
  expect(['car', 'van', 'd', 'unknown'].map(looks.classOf)).toEqual(['c0', 'c1', 'c5', 'c5']);
  expect(looks.heightOf('car')).toBeGreaterThan(looks.heightOf('van'));
  const numbers = looksOf([4, 0, 2]);
  expect([numbers.heightOf(0), numbers.heightOf(2), numbers.heightOf(4)]).toEqual([0.15, 0.575, 1]);
  expect([true, false, null].map(looksOf([]).classOf)).toEqual(['yes', 'no', 'unsure']);
});

const markOf = (id: string, atMs: number, camera = 'porch', number: number | null = null) => ({
  id,
  camera,
  atMs,
  number,
});

test('marks of the history and those that were seen are one row, each once', () => {
  const kept = [markOf('B', 20, 'porch', 2), markOf('A', 10, 'porch', 1)];
  const merged = mergedMarks(kept, [markOf('B', 20), markOf('C', 30)]);
  expect(merged.map(({ id, number }) => [id, number])).toEqual([
    ['A', 1],
    ['B', 2],
    ['C', null],
  ]);
});

test('marks that share a pixel are drawn once', () => {
  const marks = [100, 104, 130].map((atMs) => markOf(String(atMs), atMs));
  expect(marksPath(marks, { startMs: 100, pixelMs: 10, top: 2, height: 8 })).toBe('M0 2v8M3 2v8');
});

test('the nearest mark is that of the camera which was pressed', () => {
  const marks = [markOf('A', 0), markOf('B', 50, 'yard'), markOf('C', 90)];
  expect([
    nearestMark(marks, 60, null),
    nearestMark(marks, 60, 'porch'),
    nearestMark(marks, 0, 'none'),
  ]).toEqual([1, 2, -1]);
});

test('keys go from mark to mark, by an hour, and to the ends', () => {
  const marks = [0, 1, 70, 140].map((minutes) => markOf(String(minutes), minutes * minuteMs));
  const by = (from: number, key: string) => markByKey(marks, from, key);
  expect([by(-1, 'ArrowLeft'), by(2, 'ArrowLeft'), by(0, 'ArrowLeft'), by(3, 'ArrowRight')]).toEqual([
    3, 1, 0, 3,
  ]);
  expect([by(0, 'PageUp'), by(3, 'PageDown'), by(2, 'Home'), by(1, 'End')]).toEqual([2, 2, 0, 3]);
  expect([by(0, 'x'), markByKey([], -1, 'End')]).toEqual([null, null]);
  // Two hours without a mark are passed over.
  expect(markByKey([markOf('A', 0), markOf('B', 3 * hourMs)], 0, 'PageUp')).toBe(1);
});
