import { expect, test } from 'vitest';
import type { Description } from '../../src/domain/observation.ts';
import { RecentTimings } from '../../src/pipeline/recent-timings.ts';
import { until } from '../../tools/test/until.ts';
import { description, FakeCamera, FakeEngine, startPipeline, taskOf } from './fixture.ts';

function spoke(completion: number, generateMs: number): Description {
  const { timings, tokens } = description;
  return { ...description, timings: { ...timings, generateMs }, tokens: { ...tokens, completion } };
}

test('the speed is unknown before the first description', () => {
  expect(new RecentTimings().health).toEqual({});
});

test('p50 and p95 are of the latest hundred descriptions, by nearest rank', () => {
  const timings = new RecentTimings();
  const add = (totalMs: number): void => timings.add({ totalMs, description });
  add(7);
  expect(timings.health.timing).toEqual({ p50Ms: 7, p95Ms: 7 });
  for (let ms = 100; ms >= 1; ms--) add(ms); // the 7 of above is out of sight
  expect(timings.health.timing).toEqual({ p50Ms: 50, p95Ms: 95 });
  for (let ms = 1001; ms <= 1100; ms++) add(ms);
  expect(timings.health.timing).toEqual({ p50Ms: 1050, p95Ms: 1095 });
});

test('tokens per second are those of the latest description', () => {
  const timings = new RecentTimings();
  timings.add({ totalMs: 1, description: spoke(10, 1000) });
  timings.add({ totalMs: 1, description: spoke(30, 2000) });
  expect(timings.health.tokensPerSecond).toBe(15);
  timings.add({ totalMs: 1, description: spoke(30, 0) });
  expect(timings.health).not.toHaveProperty('tokensPerSecond');
});

test('health contains the speed after the first description, and the readings of the board', async () => {
  const board = {
    temperatureC: 50,
    memoryAvailableBytes: 1,
    memoryTotalBytes: 2,
    clockLimited: null,
    underVoltage: null,
  };
  const { recorder } = startPipeline([taskOf(new FakeCamera('a'), { intervalMs: 20 })], new FakeEngine(), {
    healthIntervalMs: 20,
    readings: async () => ({ board }),
  });
  await until(() => recorder.healths.some(({ timing }) => timing !== undefined));
  expect(recorder.healths[0]).toMatchObject({ board });
  expect(recorder.healths.at(-1)?.timing?.p95Ms).toBeGreaterThanOrEqual(0);
});

test('a board that cannot be read, or hangs, blocks neither the rest of health nor the shutdown', async () => {
  let reads = 0;
  const { recorder, log } = startPipeline([taskOf(new FakeCamera('a'))], new FakeEngine(), {
    healthIntervalMs: 10,
    readings: () => (++reads === 1 ? Promise.reject(new Error('no such sensor')) : new Promise(() => {})),
  });
  await until(() => reads === 2);
  expect(recorder.healths).toHaveLength(1);
  expect(log.lines).toContainEqual({
    fields: { reason: 'no such sensor' },
    message: 'could not read the board',
  });
  await until(() => recorder.observations.length > 0);
  // One that hangs is not asked again, and nothing piles up.
  expect(reads).toBe(2);
});
