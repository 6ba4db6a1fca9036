import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PictureArea } from '../../src/domain/picture-area.ts';
import type { CameraTask } from '../../src/pipeline/camera-task.ts';
import { FakeCamera, FakeEngine, FakeGate, type Running, startPipeline, taskOf } from './fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const area: PictureArea = [{ left: 0, top: 0, right: 0.5, bottom: 0.5 }];

interface Started extends Running {
  /** Another scene, with time for its description. */
  readonly change: () => Promise<void>;
  readonly gate: FakeGate;
  readonly engine: FakeEngine;
  /** The areas of all requests so far. */
  readonly areas: () => (PictureArea | null)[];
}

async function started(options: Partial<CameraTask> = {}): Promise<Started> {
  const camera = new FakeCamera('a');
  camera.scene = 1;
  const gate = new FakeGate();
  gate.area = area;
  const engine = new FakeEngine();
  const running = startPipeline([taskOf(camera, { gate, ...options })], engine);
  await pass(500);
  return {
    ...running,
    gate,
    engine,
    change: async () => {
      camera.scene!++;
      await pass(1000);
    },
    areas: () => engine.requests.map(({ changedArea = null }) => changedArea),
  };
}

test('the first frame is shown whole, and after a change what has changed', async () => {
  const { change, areas } = await started();
  await change();
  await change();
  expect(areas()).toEqual([null, area, area]);
});

test('after a large change the frame is shown whole', async () => {
  const { change, areas, gate } = await started();
  gate.area = null;
  await change();
  gate.area = area;
  await change();
  expect(areas()).toEqual([null, null, area]);
});

test('on request, and when it is time again, the frame is shown whole', async () => {
  const { areas, pipeline } = await started({ maxIntervalMs: 3000 });
  await Promise.all([pipeline.request('a'), pass(100)]);
  await pass(3500);
  expect(areas()).toEqual([null, null, null]);
});

test('a camera that always changes is shown whole once every max_interval', async () => {
  const { change, areas } = await started({ maxIntervalMs: 3000 });
  for (let count = 0; count < 6; count++) await change();
  expect(areas().map((each) => each === null)).toEqual([true, false, false, true, false, false, true]);
});

test('with another prompt, and with other questions on request before, the frame is shown whole', async () => {
  const { change, areas, pipeline } = await started();
  pipeline.set('a', { paused: false, intervalMs: 1000, prompt: 'brief' });
  await change();
  await change();
  expect(areas()).toEqual([null, null, area]);
  await Promise.all([pipeline.request('a', { questions: [] }), pass(100)]);
  await change();
  await change();
  expect(areas().slice(3)).toEqual([null, null, area]);
});

test('a frame that failed does not count: what is next is compared with the last described one', async () => {
  const { change, areas, engine } = await started();
  engine.fault = new Error('no');
  await change();
  engine.fault = null;
  await pass(1000);
  expect(areas()).toEqual([null, area, area]);
});

test('a look that only confirms a rule is shown whole', async () => {
  const { change, areas, engine, recorder } = await started({
    questions: [{ name: 'gate', ask: 'open?', type: { kind: 'boolean' } }],
    rules: [
      {
        name: 'open',
        when: { kind: 'compare', question: 'gate', is: '==', value: true },
        agree: { votes: 2, of: 3 },
        holdMs: 0,
        cooldownMs: 0,
      },
    ],
  });
  engine.answers['gate'] = true;
  await change();
  await pass(3000);
  const triggers = recorder.observations.map(({ trigger }) => trigger);
  expect(triggers).toContain('confirm');
  expect(areas().map((each) => each !== null)).toEqual(triggers.map((trigger) => trigger === 'change'));
});
