import { expect, test } from 'vitest';
import { historyPageSchema, marksPageSchema, timelineSchema } from '../../src/contract/window-history.ts';
import type { HistoryItem } from '../../src/domain/history.ts';
import type { PastObservations } from '../../src/pipeline/ports.ts';
import { porchFacts, startWindow } from '../../tools/test/running-window.ts';

const ids = '01JDZW3N8F0000000000000000';
const observationOf = (number: number, camera: string) => ({
  id: `${ids.slice(0, -2)}${String(number).padStart(2, '0')}`,
  camera,
  captured_at: '2026-11-30T12:00:00Z',
  description: `What ${number} shows.`,
  answers: { gate: false, people: 2 },
  prompt: 'default',
});
const itemOf = (number: number, camera = 'porch'): HistoryItem => ({
  number,
  hasThumbnail: number === 2,
  uncertain: ['gate'],
  observation: observationOf(number, camera),
  previous: number > 1 ? observationOf(number - 1, camera) : null,
});

/** A history of these items, newest first, that notes what it is asked. */
function historyOf(items: readonly HistoryItem[]) {
  const asked: unknown[] = [];
  const history: PastObservations & { close(): Promise<void> } = {
    page: async (filter, request) => {
      asked.push({ ...filter, ...request });
      return { items: request.order === 'newest' ? items : items.toReversed(), next: 1 };
    },
    timeline: async (request) => {
      asked.push(request);
      const times = { sinceMs: 0, untilMs: 60_000 };
      return {
        sinceMs: 0,
        bands: [{ value: true, isMixed: false, ...times }],
        totals: [{ value: true, totalMs: 60_000, stretches: 1, longest: [times] }],
      };
    },
    neighbours: async () => null,
    thumbnail: async (number) => (number === 2 ? Buffer.from('small') : null),
    close: async () => void asked.push('closed'),
  };
  return { history, asked };
}

test('each observation comes with the one before it, and an uncertain answer has no value', async () => {
  const { history, asked } = historyOf([itemOf(9), itemOf(1, 'yard')]);
  const { ask } = startWindow({ history });
  const page = historyPageSchema.parse((await ask('/window/history?order=oldest&cursor=3')).json());
  expect(page.entries).toMatchObject([
    { number: 1, camera: 'yard', previous: null },
    { number: 9, answers: { gate: null, people: 2 }, previous: { description: 'What 8 shows.' } },
  ]);
  expect(asked).toMatchObject([{ order: 'oldest', cursor: 3, limit: 50, withPrevious: true }]);
});

test.each([
  ['answer=true', true],
  ['answer=%22true%22', 'true'],
  ['answer=3', 3],
  ['answer=null', null],
])('with %s, that answer is looked for', async (query, answer) => {
  const { history, asked } = historyOf([]);
  await startWindow({ history }).ask(`/window/history?question=gate&${query}&limit=5`);
  expect(asked).toMatchObject([{ question: 'gate', answer, limit: 5 }]);
});

test('marks and the timeline of a question are given', async () => {
  const { history, asked } = historyOf([itemOf(2)]);
  const { ask } = startWindow({ history, maxGapMs: () => 7 });
  const marks = marksPageSchema.parse((await ask('/window/marks?since=2026-11-30T00:00:00Z')).json());
  expect(marks).toMatchObject({
    marks: [{ number: 2, camera: 'porch', at: '2026-11-30T12:00:00Z' }],
    next: 1,
  });
  const [since, until] = ['1970-01-01T00:00:00.000Z', '1970-01-01T00:01:00.000Z'];
  const query = `camera=porch&question=gate&since=${since}&until=${until}`;
  const timeline = await ask(`/window/timeline?${query}`);
  expect(timelineSchema.parse(timeline.json())).toEqual({
    since,
    bands: [{ value: true, mixed: false, since, until }],
    totals: [{ value: true, total_ms: 60_000, stretches: 1, longest: [{ since, until }] }],
  });
  expect(asked).toMatchObject([
    { sinceMs: Date.UTC(2026, 10, 30), order: 'newest' },
    { camera: 'porch', question: 'gate', sinceMs: 0, untilMs: 60_000, maxGapMs: 7 },
  ]);
});

test.each([
  '/window/history?answer=maybe',
  '/window/history?limit=0',
  '/window/history?limit=51',
  '/window/history?order=random',
  '/window/history?since=yesterday',
  '/window/marks',
  '/window/timeline?camera=porch',
  '/window/timeline?camera=a/b&question=gate',
])('%s is refused with the field at fault', async (path) => {
  const { history, asked } = historyOf([]);
  const answer = await startWindow({ history }).ask(path);
  expect([answer.statusCode, asked]).toEqual([400, []]);
  expect(answer.json().message).toMatch(/^(answer|limit|order|since|question|camera): /);
});

test('without a history there is none, and without pictures there are no thumbnails', async () => {
  const day = 'since=2026-11-30T00:00:00Z';
  const until = 'until=2026-12-01T00:00:00Z';
  for (const path of ['history', `marks?${day}`, `timeline?camera=a&question=b&${day}&${until}`])
    expect((await startWindow().ask(`/window/${path}`)).json().code).toBe('off');
  const { history } = historyOf([]);
  expect((await startWindow({ history }).ask('/window/history/2')).body).toBe('small');
  const facts = { ...porchFacts, pictures: false };
  expect((await startWindow({ history, facts }).ask('/window/history/2')).statusCode).toBe(404);
});

test('the history is closed with the window', async () => {
  const { history, asked } = historyOf([]);
  await startWindow({ history }).window.close();
  expect(asked).toEqual(['closed']);
});
