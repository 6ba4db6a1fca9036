import { afterEach, expect, test, vi } from 'vitest';
import type { AnswerBand, AnswerTotal, TimelineRequest } from '../../../src/domain/history.ts';
import type { Answer } from '../../../src/domain/observation.ts';
import { segmentsIn } from '../../../src/store/history/history-folder.ts';
import { seededRandom } from '../../../tools/test/seeded-random.ts';
import { dayMs, startMs, TestHistory } from './fixture.ts';

const minuteMs = 60_000;

afterEach(() => {
  vi.useRealTimers();
});

interface Seen {
  readonly atMs: number;
  readonly value: Answer | null;
}

interface Stretch extends Seen {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** The stretches of a period, oldest first, from all looks in the order of time. */
function stretchesOf(looks: readonly Seen[], request: TimelineRequest, sinceMs: number): Stretch[] {
  const { untilMs, maxGapMs = 15 * minuteMs } = request;
  const groups: Seen[][] = [];
  for (const look of looks) {
    const last = groups.at(-1)?.at(-1);
    if (last && last.value === look.value && look.atMs - last.atMs <= maxGapMs) groups.at(-1)!.push(look);
    else groups.push([look]);
  }
  return groups.flatMap((group, index) => {
    const [first, last] = [group[0]!, group.at(-1)!];
    const nextMs = groups[index + 1]?.[0]?.atMs ?? Infinity;
    const heldMs = nextMs - last.atMs <= maxGapMs ? nextMs : last.atMs;
    const isWithin = first.atMs < untilMs && (heldMs > sinceMs || last.atMs >= sinceMs);
    const clipped = { sinceMs: Math.max(first.atMs, sinceMs), untilMs: Math.min(heldMs, untilMs) };
    return isWithin ? [{ ...first, ...clipped }] : [];
  });
}

/** What a chart of so many bands shows of them. */
function bandsOf(
  stretches: readonly Stretch[],
  { sinceMs, untilMs, maxBands }: TimelineRequest,
): AnswerBand[] {
  const minMs = (untilMs - sinceMs) / Math.floor((maxBands - 1) / 2);
  const isSmall = (stretch: Stretch): boolean => stretch.untilMs - stretch.sinceMs < minMs;
  const groups: Stretch[][] = [];
  for (const stretch of stretches) {
    const last = groups.at(-1)?.at(-1);
    const isNear = last && stretch.sinceMs - last.untilMs < minMs;
    if (last && isNear && isSmall(last) && isSmall(stretch)) groups.at(-1)!.push(stretch);
    else groups.push([stretch]);
  }
  return groups.map((group) => {
    const [first, last] = [group[0]!, group.at(-1)!];
    const isMixed = group.some(({ value }) => value !== first.value);
    return { value: isMixed ? null : first.value, isMixed, sinceMs: first.sinceMs, untilMs: last.untilMs };
  });
}

function totalsOf(stretches: readonly Stretch[]): AnswerTotal[] {
  const values = [...new Set(stretches.map(({ value }) => value))];
  return values.map((value) => {
    const own = stretches.filter((stretch) => stretch.value === value);
    const spans = own.map(({ sinceMs, untilMs }) => ({ sinceMs, untilMs }));
    const lengths = spans.map(({ sinceMs, untilMs }) => untilMs - sinceMs);
    const longest = spans
      .toSorted((a, b) => b.untilMs - b.sinceMs - (a.untilMs - a.sinceMs) || b.sinceMs - a.sinceMs)
      .slice(0, 10);
    const totalMs = lengths.reduce((sum, one) => sum + one, 0);
    return { value, totalMs, stretches: own.length, longest };
  });
}

function byValue(totals: readonly AnswerTotal[]): Map<Answer | null, AnswerTotal> {
  return new Map(totals.map((total) => [total.value, total]));
}

/** Looks of two cameras, from seconds to days apart, in blocks and files of any size. */
function randomHistory(random: () => number): { history: TestHistory; looks: Seen[]; endMs: number } {
  vi.useFakeTimers({ toFake: ['performance', 'Date'], now: startMs });
  const history = new TestHistory({ maxAgeMs: 64 * dayMs });
  const looks: Seen[] = [];
  let value: Answer | null = true;
  let nowMs = startMs;
  for (let count = 0; count < 400; count++) {
    const stepMs = random() < 0.9 ? 2 * minuteMs : random() < 0.7 ? 60 * minuteMs : 4 * dayMs;
    nowMs += 1 + Math.floor(random() * stepMs);
    vi.setSystemTime(nowMs);
    if (random() < 0.2) value = [true, false, null, 'ajar', 2][Math.floor(random() * 5)]!;
    const at = new Date(nowMs).toISOString();
    if (random() < 0.3) history.add({ camera: 'yard', answers: { open: 'never', other: 1 }, at });
    else if (random() < 0.1) history.add({ at, answers: { other: true } });
    else {
      history.add({ at, answers: { other: count, open: value } });
      looks.push({ atMs: nowMs, value });
    }
    if (random() < 0.3) history.flush();
  }
  history.flush();
  return { history, looks, endMs: nowMs };
}

test('a timeline is that of all looks, in whatever blocks and files they are', () => {
  const random = seededRandom(1);
  let files = 0;
  let mixed = 0;
  for (let run = 0; run < 8; run++) {
    const { history, looks, endMs } = randomHistory(random);
    files = Math.max(files, segmentsIn(history.folder).length);
    const reader = history.reader();
    for (let query = 0; query < 40; query++) {
      const times = [0, 1].map(() => startMs - dayMs + Math.floor(random() * (endMs - startMs + 2 * dayMs)));
      const request: TimelineRequest = {
        camera: 'porch',
        question: 'open',
        sinceMs: Math.min(...times),
        untilMs: Math.max(...times) + 1,
        maxBands: 3 + Math.floor(random() * random() * 1000),
        maxGapMs: random() < 0.5 ? undefined : Math.floor(15 * minuteMs + random() * 5 * dayMs),
      };
      const { sinceMs, bands, totals } = reader.timeline(request);
      const stretches = stretchesOf(looks, request, request.sinceMs);
      expect(bands).toEqual(bandsOf(stretches, request));
      expect(bands.length).toBeLessThanOrEqual(request.maxBands);
      expect(byValue(totals)).toEqual(byValue(totalsOf(stretches)));
      expect(totals.map(({ totalMs }) => totalMs)).toEqual(
        totals.map(({ totalMs }) => totalMs).toSorted((a, b) => b - a),
      );
      expect(sinceMs).toBe(request.sinceMs);
      mixed += bands.filter(({ isMixed }) => isMixed).length;
    }
  }
  expect(files).toBeGreaterThan(3);
  expect(mixed).toBeGreaterThan(20);
});

test('a timeline that takes too long says from when on it is complete', () => {
  const random = seededRandom(2);
  let drawn = 0;
  for (let run = 0; run < 6; run++) {
    const { history, looks, endMs } = randomHistory(random);
    const request = { camera: 'porch', question: 'open', sinceMs: startMs, untilMs: endMs, maxBands: 4000 };
    const reader = history.reader(-1);
    const { sinceMs, bands, totals } = reader.timeline(request);
    expect(sinceMs).toBeGreaterThan(startMs);
    const stretches = stretchesOf(looks, request, sinceMs);
    expect(bands).toEqual(bandsOf(stretches, request));
    expect(byValue(totals)).toEqual(byValue(totalsOf(stretches)));
    drawn += stretches.length;
  }
  expect(drawn).toBeGreaterThan(100);
});

test('a clock that is set back gives no band that overlaps another', () => {
  const random = seededRandom(3);
  const history = new TestHistory();
  for (let count = 0; count < 300; count++) {
    const atMs = startMs + count * minuteMs - (random() < 0.1 ? Math.floor(random() * dayMs) : 0);
    history.add({ at: new Date(atMs).toISOString(), answers: { open: random() < 0.5 } });
    if (random() < 0.1) history.flush();
  }
  history.flush();
  const request = { sinceMs: startMs - dayMs, untilMs: startMs + 301 * minuteMs, maxBands: 4000 };
  const { bands } = history.reader().timeline({ camera: 'porch', question: 'open', ...request });
  expect(bands.length).toBeGreaterThan(10);
  for (const [index, { sinceMs, untilMs }] of bands.entries()) {
    expect(untilMs).toBeGreaterThanOrEqual(sinceMs);
    expect(sinceMs).toBeGreaterThanOrEqual(bands[index - 1]?.untilMs ?? request.sinceMs);
  }
});

test('what holds shortest is left out, and long texts are cut', () => {
  const history = new TestHistory();
  const long = 'x'.repeat(5000);
  history.add({ answers: { what: long } });
  for (let count = 0; count < 30; count++) history.add({ answers: { what: `thing ${count}` } });
  history.add({ answers: { what: long } });
  history.flush();
  const times = { sinceMs: startMs, untilMs: startMs + dayMs, maxBands: 4000 };
  const { bands, totals } = history.reader().timeline({ camera: 'porch', question: 'what', ...times });
  expect(totals).toHaveLength(12);
  expect(bands).toHaveLength(32);
  expect(bands[0]!.value).toBe(`${'x'.repeat(199)}…`);
});

test.each([
  ['yard', 'open'],
  ['porch', 'shut'],
  ['porch', 'op"en'],
  ['por\\ch', 'open'],
  ['constructor', '__proto__'],
])('a timeline of what is not there is empty: %s, %s', (camera, question) => {
  const history = new TestHistory();
  history.add({ answers: { open: true } });
  history.flush();
  const times = { sinceMs: startMs, untilMs: startMs + dayMs, maxBands: 100 };
  const empty = { sinceMs: startMs, bands: [], totals: [] };
  expect(history.reader().timeline({ camera, question, ...times })).toEqual(empty);
  const backwards = { sinceMs: startMs + dayMs, untilMs: startMs, maxBands: 100 };
  const none = history.reader().timeline({ camera: 'porch', question: 'open', ...backwards });
  expect(none.bands).toEqual([]);
});
