import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeCamera, FakeEngine, FakeGate, startPipeline, taskOf } from './fixture.ts';

// What the pipeline does with a gate's word; the gate itself has its tests in test/gate.
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

function seeing(scene: number): FakeCamera {
  const camera = new FakeCamera('a');
  camera.scene = scene;
  return camera;
}

test('an unchanged scene is described once; its other frames end as unchanged, with the measure', async () => {
  const { pipeline, recorder } = startPipeline(
    [taskOf(seeing(1), { gate: new FakeGate() })],
    new FakeEngine(),
  );
  await pass(3500);
  expect(recorder.ends).toEqual(['described', 'unchanged', 'unchanged', 'unchanged']);
  for (const end of recorder.endsById.values()) expect(end).toHaveLength(1);
  expect(recorder.events.at(-1)).toMatchObject({
    type: 'unchanged',
    reason: 'the largest changed region is 0.00 % of the picture; a change is more than 0.50 %',
  });
  expect(pipeline.health.frames).toMatchObject({ captured: 4, described: 1, unchanged: 3 });
  expect(pipeline.health.cameras['a']?.gate).toEqual({ measure: 0, threshold: 0.5, noiseFloor: 1 });
});

test('a changed scene is described with the trigger change, the first frame with interval', async () => {
  const camera = seeing(1);
  const { recorder } = startPipeline([taskOf(camera, { gate: new FakeGate() })], new FakeEngine());
  await pass(1500);
  camera.scene = 2;
  await pass(2000);
  expect(recorder.ends).toEqual(['described', 'unchanged', 'described', 'unchanged']);
  expect(recorder.observations.map(({ trigger }) => trigger)).toEqual(['interval', 'change']);
});

test('a frame whose description failed is not used for comparison', async () => {
  const camera = seeing(1);
  const engine = new FakeEngine();
  const { recorder } = startPipeline([taskOf(camera, { gate: new FakeGate() })], engine);
  await pass(500);
  camera.scene = 2;
  engine.fault = new Error('the engine died');
  await pass(1000);
  engine.fault = null;
  await pass(1000);
  camera.scene = 1;
  await pass(1000);
  expect(recorder.ends).toEqual(['described', 'failed', 'described', 'described']);
  expect(engine.seen).toEqual([1, 2, 2, 1]);
});

test('nor is a frame that was displaced', async () => {
  const camera = seeing(1);
  const engine = new FakeEngine(2500);
  const { recorder } = startPipeline([taskOf(camera, { gate: new FakeGate() })], engine);
  await pass(3000); // described from 0 to 2.5 s
  camera.scene = 2;
  await pass(1000); // the look at 3 s goes to the engine, until 5.5 s
  camera.scene = 3;
  await pass(1000); // the look at 4 s waits
  camera.scene = 4;
  await pass(3000); // the look at 5.25 s displaces it
  expect(engine.seen).toEqual([1, 2, 4]);
  expect(recorder.ends.filter((end) => end === 'expired')).toHaveLength(1 + 1);
});

test('an unchanged scene is described once per maximum interval', async () => {
  const task = taskOf(seeing(1), { gate: new FakeGate(), maxIntervalMs: 10_000 });
  const { recorder } = startPipeline([task], new FakeEngine());
  await pass(35_500);
  expect(recorder.observations.map(({ trigger }) => trigger)).toEqual(Array(4).fill('interval'));
  expect(recorder.ends.filter((end) => end === 'unchanged')).toHaveLength(32);
});

test('without a maximum interval it is never described again', async () => {
  const task = taskOf(seeing(1), { gate: new FakeGate(), maxIntervalMs: null });
  const { recorder } = startPipeline([task], new FakeEngine());
  await pass(1_800_000);
  expect(recorder.observations).toHaveLength(1);
});

test('a busy scene is not looked at again before the minimum interval is over', async () => {
  const camera = new FakeCamera('a');
  const task = taskOf(camera, { gate: new FakeGate(), minIntervalMs: 4500 });
  const { recorder } = startPipeline([task], new FakeEngine(100));
  await pass(14_000);
  expect(recorder.ends).toEqual(Array(4).fill('described'));
  expect(camera.captures).toBe(4);
});

test('a failed description does not delay the next look by the minimum interval', async () => {
  const camera = new FakeCamera('a');
  const engine = new FakeEngine(100);
  engine.fault = new Error('the engine died');
  startPipeline([taskOf(camera, { gate: new FakeGate(), minIntervalMs: 60_000 })], engine);
  await pass(2500);
  expect(camera.captures).toBe(3);
});

test('a frame that waited while the same scene was described ends as unchanged', async () => {
  const camera = seeing(1);
  const engine = new FakeEngine(2500);
  const { recorder } = startPipeline([taskOf(camera, { gate: new FakeGate() })], engine);
  await pass(2600); // described from 0 to 2.5 s; what was seen at 1 s and 2 s waited
  expect(engine.seen).toEqual([1]);
  expect(recorder.ends).toEqual(['expired', 'described', 'unchanged']);
});

test('a picture that the gate cannot read fails, and the camera is looked at again', async () => {
  const gate = new FakeGate();
  gate.fault = new Error('premature end of JPEG');
  const { recorder } = startPipeline([taskOf(seeing(1), { gate })], new FakeEngine());
  await pass(500);
  gate.fault = null;
  await pass(1000);
  expect(recorder.ends).toEqual(['failed', 'described']);
  expect(recorder.events[1]).toMatchObject({
    reason: 'the gate cannot read the picture: premature end of JPEG',
  });
  expect(recorder.statuses).toEqual([['a', { state: 'online', problem: null, reason: null }]]);
});
