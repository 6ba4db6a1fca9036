import { afterEach, expect, test, vi } from 'vitest';
import type {
  HistoryFilter,
  HistoryItem,
  HistoryPageRequest,
  PastObservation,
} from '../../../src/domain/history.ts';
import { segmentsIn } from '../../../src/store/history/history-folder.ts';
import type { HistoryReader } from '../../../src/store/history/history-reader.ts';
import { seededRandom } from '../../../tools/test/seeded-random.ts';
import { dayMs, startMs, TestHistory } from './fixture.ts';

const words = ['parcel', 'dog', 'gate', 'rain', 'ladder'];
const cameras = ['porch', 'yard', 'shed'];

afterEach(() => {
  vi.useRealTimers();
});

interface Kept {
  readonly number: number;
  readonly observation: PastObservation;
}

/** In blocks and files of any size. */
function randomHistory(random: () => number): { history: TestHistory; kept: Kept[] } {
  vi.useFakeTimers({ toFake: ['performance', 'Date'], now: startMs });
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const history = new TestHistory({ maxAgeMs: 32 * dayMs });
  history.work();
  for (let count = 0; count < 500; count++) {
    vi.advanceTimersByTime(1 + Math.floor(random() * 120 * 60_000));
    history.add({
      camera: random() < 0.02 ? 'shed' : pick(['porch', 'yard']),
      text: random() < 0.1 ? null : `A ${pick(words)} and a ${pick(words)}.`,
      answers: {
        ...(random() < 0.7 && { open: pick([true, false, null]) }),
        ...(random() < 0.3 && { what: pick(words) }),
      },
      at: new Date().toISOString(),
    });
    if (random() < 0.1) history.flush();
  }
  history.flush();
  const kept = history.entries.map(({ seq, body }) => ({
    number: seq,
    observation: JSON.parse(body).description as PastObservation,
  }));
  return { history, kept };
}

function randomFilter(random: () => number): HistoryFilter {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const times = [0, 1].map(() => startMs + Math.floor(random() * 25 * dayMs));
  const question = pick([undefined, undefined, 'open', 'what']);
  return {
    camera: pick([undefined, ...cameras]),
    text: pick([undefined, undefined, pick(words), `${pick(words)} ${pick(words)}`, 'la*']),
    question,
    answer: question === 'open' ? pick([undefined, true, false, null]) : undefined,
    sinceMs: random() < 0.3 ? Math.min(...times) : undefined,
    untilMs: random() < 0.3 ? Math.max(...times) : undefined,
  };
}

function isFound({ observation }: Kept, filter: HistoryFilter): boolean {
  const { camera, captured_at, description, answers } = observation;
  const { question, answer, text = '', sinceMs = 0, untilMs = Infinity } = filter;
  const said = `${description ?? ''} ${Object.values(answers).join(' ')}`.split(/\W+/);
  const hasWords = text
    .split(' ')
    .every((word) =>
      said.some((one) =>
        word.endsWith('*') ? one.startsWith(word.slice(0, -1)) : one === word || word === '',
      ),
    );
  const atMs = Date.parse(captured_at);
  return (
    (filter.camera === undefined || camera === filter.camera) &&
    (question === undefined || question in answers) &&
    (question === undefined || answer === undefined || answers[question] === answer) &&
    hasWords &&
    atMs >= sinceMs &&
    atMs < untilMs
  );
}

function allFrom(reader: HistoryReader, filter: HistoryFilter, request: HistoryPageRequest): HistoryItem[] {
  const found: HistoryItem[] = [];
  let { cursor } = request;
  for (let pages = 0; ; pages++) {
    const page = reader.page(filter, { ...request, cursor });
    expect(page.items.length).toBeLessThanOrEqual(request.limit);
    found.push(...page.items);
    cursor = page.next;
    if (cursor === null) return found;
    expect(pages).toBeLessThan(1000);
  }
}

test('pages from any observation, in both directions, have all that fits, once and in order', () => {
  const random = seededRandom(1);
  let found = 0;
  for (let run = 0; run < 3; run++) {
    const { history, kept } = randomHistory(random);
    expect(segmentsIn(history.folder).length).toBeGreaterThan(4);
    const reader = history.reader();
    for (let query = 0; query < 40; query++) {
      const filter = randomFilter(random);
      const order = random() < 0.5 ? 'newest' : 'oldest';
      const cursor = random() < 0.3 ? null : Math.floor(random() * 510);
      const limit = 5 + Math.floor(random() * 100);
      const expected = kept
        .filter(({ number }) => cursor === null || (order === 'newest' ? number < cursor : number > cursor))
        .filter((one) => isFound(one, filter));
      if (order === 'newest') expected.reverse();
      const items = allFrom(reader, filter, { cursor, limit, order, withPrevious: true });
      expect(items.map(({ number, observation }) => ({ number, observation }))).toEqual(expected);
      for (const { number, observation, previous } of items) {
        const before = kept.findLast(
          (one) => one.number < number && one.observation.camera === observation.camera,
        );
        expect(previous).toEqual(before?.observation ?? null);
      }
      found += items.length;
    }
  }
  expect(found).toBeGreaterThan(1000);
});

test('a page that takes too long ends early, and the next one goes on', () => {
  const random = seededRandom(2);
  const { history, kept } = randomHistory(random);
  const reader = history.reader(-1);
  const times = { sinceMs: startMs + 5 * dayMs, untilMs: startMs + 6 * dayMs };
  for (const order of ['newest', 'oldest'] as const)
    for (const filter of [{}, { camera: 'shed' }, { camera: 'yard', ...times }]) {
      const items = allFrom(reader, filter, { cursor: null, limit: 200, order });
      const expected = kept.filter((one) => isFound(one, filter)).map(({ number }) => number);
      expect(items.map(({ number }) => number)).toEqual(order === 'newest' ? expected.reverse() : expected);
    }
  const { items, next } = reader.page({}, { cursor: null, limit: 200, order: 'oldest' });
  expect([items.length, next]).toEqual([64, 64]);
});

test('a page of long descriptions ends early', () => {
  const history = new TestHistory();
  const text = 'A very long description. '.repeat(4000);
  for (let count = 0; count < 40; count++) history.add({ text });
  history.flush();
  const reader = history.reader();
  const page = reader.page({}, { cursor: null, limit: 40, order: 'oldest' });
  expect(JSON.stringify(page).length).toBeLessThan((1 << 20) + 2 * text.length);
  expect(page.items.length).toBeGreaterThan(5);
  expect(page.next).toBe(page.items.length);
  expect(allFrom(reader, {}, { cursor: null, limit: 40, order: 'oldest' })).toHaveLength(40);
});

test('previous is there only if it is asked for', () => {
  const history = new TestHistory();
  history.add();
  history.add();
  history.flush();
  const request = { cursor: null, limit: 10, order: 'newest' } as const;
  const reader = history.reader();
  expect(reader.page({}, request).items.map((item) => 'previous' in item)).toEqual([false, false]);
});
