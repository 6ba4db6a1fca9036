import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EngineError } from '../../src/domain/errors.ts';
import type { CameraStatus } from '../../src/domain/observation.ts';
import { FakeCamera, FakeEngine, FakeGate, type Recorder, startPipeline, taskOf } from './fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const online: CameraStatus = { state: 'online', problem: null, reason: null };

function statuses({ statuses }: Recorder): CameraStatus[] {
  return statuses.map(([, status]) => status);
}

test('three pictures in a row that the gate cannot decode take a camera offline, until one can be', async () => {
  const gate = new FakeGate();
  const camera = new FakeCamera('a');
  const { pipeline, recorder } = startPipeline([taskOf(camera, { gate })], new FakeEngine());
  await pass(500);
  gate.fault = new Error('premature end of JPEG');
  await pass(2000); // the looks at 1 and 2 s
  expect(statuses(recorder)).toEqual([online]);
  await pass(1000);
  const reason = 'damaged: 3 pictures in a row cannot be decoded: premature end of JPEG';
  expect(statuses(recorder)).toEqual([online, { state: 'offline', problem: null, reason }]);
  expect(pipeline.health.cameras['a']).toMatchObject({ state: 'offline', problem: null, reason });
  const captures = camera.captures;
  await pass(20_000);
  expect(camera.captures - captures).toBeLessThan(10); // with back-off: 1 s x5, then 5 s
  expect(statuses(recorder).filter(({ state }) => state === 'online')).toHaveLength(1);
  gate.fault = null;
  await pass(5000);
  expect(statuses(recorder).at(-1)).toEqual(online);
  expect(pipeline.health.cameras['a']).toMatchObject({ state: 'online' });
  for (const end of recorder.endsById.values()) expect(end).toHaveLength(1);
});

test('a camera none of whose pictures was ever decoded is not online', async () => {
  const gate = new FakeGate();
  gate.fault = new Error('bad');
  const { recorder } = startPipeline([taskOf(new FakeCamera('a'), { gate })], new FakeEngine());
  await pass(60_000);
  expect(new Set(statuses(recorder).map(({ state }) => state))).toEqual(new Set(['offline']));
});

test('one that can be decoded in between keeps it online', async () => {
  const gate = new FakeGate();
  const { recorder } = startPipeline([taskOf(new FakeCamera('a'), { gate })], new FakeEngine());
  for (let look = 0; look < 20; look++) {
    gate.fault = look % 3 === 0 ? null : new Error('bad');
    await pass(1000);
  }
  expect(statuses(recorder)).toEqual([online]);
});

test('without a gate, pictures that the engine cannot decode count, and it is not failing', async () => {
  const engine = new FakeEngine();
  const camera = new FakeCamera('a');
  const { pipeline, recorder } = startPipeline([taskOf(camera)], engine);
  await pass(500);
  engine.fault = new EngineError('BAD_PICTURE', 'the picture cannot be decoded: not a JPEG');
  await pass(3000);
  expect(statuses(recorder)).toEqual([
    online,
    {
      state: 'offline',
      problem: null,
      reason: 'damaged: 3 pictures in a row cannot be decoded: the picture cannot be decoded: not a JPEG',
    },
  ]);
  expect(pipeline.health.engine).toBe('idle');
  const captures = camera.captures;
  await pass(20_000);
  expect(camera.captures - captures).toBeLessThan(10);
  expect(statuses(recorder).filter(({ state }) => state === 'online')).toHaveLength(1);
  engine.fault = null;
  await pass(11_000);
  expect(statuses(recorder).at(-1)).toEqual(online);
});

test('an engine that fails for another reason is no fault of the camera', async () => {
  const engine = new FakeEngine();
  engine.fault = new EngineError('DEADLINE', 'too slow');
  const { pipeline, recorder } = startPipeline([taskOf(new FakeCamera('a'))], engine);
  await pass(10_000);
  expect(statuses(recorder)).toEqual([online]);
  expect(pipeline.health.engine).toBe('failing');
});

test("a picture's problem is in status, health and log, each time it changes", async () => {
  const gate = new FakeGate();
  const camera = new FakeCamera('a');
  const { pipeline, recorder, log } = startPipeline([taskOf(camera, { gate })], new FakeEngine());
  await pass(1500);
  gate.problem = { kind: 'frozen', reason: 'frozen: for 300 s' };
  await pass(3000);
  const frozen = { state: 'online', problem: 'frozen', reason: 'frozen: for 300 s' };
  expect(pipeline.health.cameras['a']).toMatchObject(frozen);
  gate.problem = null;
  await pass(3000);
  gate.problem = { kind: 'black', reason: 'black: dark' };
  await pass(1000);
  camera.fault = new Error('unplugged');
  await pass(1000);
  expect(pipeline.health.cameras['a']).toMatchObject({ state: 'offline', problem: null });
  expect(statuses(recorder)).toEqual([
    online,
    frozen,
    online,
    { state: 'online', problem: 'black', reason: 'black: dark' },
    { state: 'offline', problem: null, reason: 'unplugged' },
  ]);
  expect(log.lines.map(({ message }) => message).filter((message) => message.includes('problem'))).toEqual([
    'camera has a problem',
    'camera problem is over',
    'camera has a problem',
  ]);
});
