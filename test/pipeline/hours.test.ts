import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hoursRangesOf } from '../../src/config/hours-schema.ts';
import type { CameraSettings } from '../../src/domain/camera-settings.ts';
import type { CameraTask } from '../../src/pipeline/camera-task.ts';
import { FakeCamera, FakeEngine, startPipeline, taskOf } from './fixture.ts';

const zoneBefore = process.env['TZ'];
beforeEach(() => {
  process.env['TZ'] = 'Europe/Berlin';
  vi.useFakeTimers({ now: new Date('2026-11-30T06:50:00') });
});
afterEach(() => {
  vi.useRealTimers();
  if (zoneBefore === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zoneBefore;
});
const minutes = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 60_000);

function working(camera: FakeCamera, task: Partial<CameraTask & CameraSettings> = {}): CameraTask {
  const hours = { ranges: hoursRangesOf(['07:00-07:30', '08:00-09:00']), location: null };
  return taskOf(camera, { hours, ...task });
}

test('a camera is looked at within its hours only, from their first moment', async () => {
  const camera = new FakeCamera('a');
  const { pipeline, recorder, log } = startPipeline([working(camera)], new FakeEngine());
  await minutes(9.9);
  expect([camera.starts, camera.captures]).toEqual([0, 0]);
  await minutes(0.1);
  expect(camera.captures).toBe(1);
  await minutes(29.9);
  const captures = camera.captures;
  expect(captures).toBeGreaterThan(29 * 60);
  await minutes(0.2);
  expect(camera.captures).toBeLessThan(captures + 10);
  const atEnd = camera.captures;
  await minutes(29);
  expect(camera.captures).toBe(atEnd);
  await minutes(1);
  expect(camera.captures).toBeGreaterThan(atEnd);
  expect(recorder.hours.map(([, state]) => [state?.open, state?.until?.toISOString()])).toEqual([
    [false, '2026-11-30T06:00:00.000Z'],
    [true, '2026-11-30T06:30:00.000Z'],
    [false, '2026-11-30T07:00:00.000Z'],
    [true, '2026-11-30T08:00:00.000Z'],
  ]);
  expect(log.lines.map(({ message }) => message).filter((message) => message.includes('hours'))).toEqual([
    'within its hours',
    'outside its hours',
    'within its hours',
  ]);
  expect(recorder.statuses).toEqual([['a', { state: 'online', problem: null, reason: null }]]);
  // A changed setting is published with the hours.
  pipeline.set('a', { paused: false, intervalMs: 2000, prompt: 'brief' });
  expect(recorder.hours.at(-1)![1]?.open).toBe(true);
});

test('outside its hours a camera answers requests, and is not looked at again', async () => {
  const camera = new FakeCamera('a');
  const { pipeline } = startPipeline([working(camera)], new FakeEngine(100));
  const result = pipeline.request('a');
  await minutes(0.1);
  expect((await result).observation.trigger).toBe('request');
  await minutes(5);
  expect(camera.captures).toBe(1);
});

test('a frame that waits when the hours end is not described', async () => {
  const [a, b] = [new FakeCamera('a'), new FakeCamera('b')];
  const { recorder } = startPipeline(
    [taskOf(a, { intervalMs: 18 * 60_000 }), working(b, { intervalMs: 29 * 60_000 })],
    new FakeEngine(5 * 60_000),
    { maxFrameAgeMs: 60 * 60_000 },
  );
  // Captured at 07:29; the engine is busy with the other camera from 07:26 to 07:31.
  await minutes(60);
  expect(recorder.events).toContainEqual(
    expect.objectContaining({ type: 'expired', camera: 'b', reason: 'the camera is outside its hours' }),
  );
});

test('a paused camera stays paused when its hours begin', async () => {
  const camera = new FakeCamera('a');
  const task = { ...working(camera), settings: { paused: true, intervalMs: 1000, prompt: 'default' } };
  const { pipeline } = startPipeline([task], new FakeEngine());
  await minutes(20);
  expect(camera.captures).toBe(0);
  pipeline.set('a', { ...task.settings, paused: false });
  await minutes(0.1);
  expect(camera.captures).toBeGreaterThan(0);
});

test('a camera that is resumed outside its hours waits for them', async () => {
  const camera = new FakeCamera('a');
  const task = { ...working(camera), settings: { paused: true, intervalMs: 1000, prompt: 'default' } };
  const { pipeline } = startPipeline([task], new FakeEngine());
  await minutes(5);
  pipeline.set('a', { ...task.settings, paused: false });
  await minutes(4);
  expect(camera.captures).toBe(0);
  await minutes(2);
  expect(camera.captures).toBeGreaterThan(0);
});

test('a clock that is set is noticed within half a minute, forwards and backwards', async () => {
  const camera = new FakeCamera('a');
  const { recorder } = startPipeline([working(camera)], new FakeEngine());
  await minutes(1);
  // As at the first synchronisation of a board without a battery.
  vi.setSystemTime(new Date('2026-12-01T08:30:00'));
  await minutes(0.6);
  expect(camera.captures).toBeGreaterThan(0);
  vi.setSystemTime(new Date('2026-12-01T05:00:00'));
  await minutes(0.6);
  const { captures } = camera;
  await minutes(5);
  expect(camera.captures).toBe(captures);
  expect(recorder.hours.map(([, state]) => [state?.open, state?.until?.toISOString()])).toEqual([
    [false, '2026-11-30T06:00:00.000Z'],
    [true, '2026-12-01T08:00:00.000Z'],
    [false, '2026-12-01T06:00:00.000Z'],
  ]);
});

test('a camera without hours is looked at at all times, and says so', async () => {
  const camera = new FakeCamera('a');
  const { recorder } = startPipeline([taskOf(camera)], new FakeEngine());
  await minutes(5);
  expect(camera.captures).toBeGreaterThan(290);
  expect(recorder.hours).toEqual([['a', null]]);
});

test('a pipeline that is closed outside the hours leaves no timer', async () => {
  const camera = new FakeCamera('a');
  const { pipeline } = startPipeline([working(camera)], new FakeEngine());
  await minutes(1);
  await pipeline.close();
  expect(vi.getTimerCount()).toBe(0);
  expect(camera.closed).toBe(1);
});

test('outside its hours and while it is paused, its device is left to others, except for a request', async () => {
  const camera = new FakeCamera('a');
  const { pipeline } = startPipeline([working(camera)], new FakeEngine(100));
  await minutes(39); // at 7:29
  expect([camera.starts, camera.releases]).toEqual([1, 0]);
  await minutes(2);
  expect(camera.releases).toBe(1);
  const answer = pipeline.request('a');
  await minutes(1);
  await answer;
  expect(camera.releases).toBe(2);
  await minutes(40); // at 8:12
  expect([camera.starts, camera.releases]).toEqual([1, 2]);
  pipeline.set('a', { paused: true, intervalMs: 1000, prompt: 'default' });
  await minutes(1);
  expect(camera.releases).toBe(3);
  expect(camera.closed).toBe(0);
});
