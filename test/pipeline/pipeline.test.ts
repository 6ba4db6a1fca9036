import { afterEach, expect, test } from 'vitest';
import type { Picture } from '../../src/domain/frame.ts';
import type { CameraStatus, Description, FrameEvent, Observation } from '../../src/domain/observation.ts';
import type { CameraTask } from '../../src/pipeline/camera-watch.ts';
import { Pipeline } from '../../src/pipeline/pipeline.ts';
import type { Camera, DescribeRequest, Describer } from '../../src/pipeline/ports.ts';
import { until } from '../support/until.ts';

const description: Description = {
  text: 'a thing',
  answers: {},
  finishReason: 'stop',
  timings: { packMs: 0, encodeMs: 0, prefillMs: 0, generateMs: 0 },
  tokens: { image: 1, prompt: 1, completion: 1 },
  model: { name: 'm', quant: 'q', build: 'b' },
};
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A camera whose pictures are numbered in their first byte. */
class CountingCamera implements Camera {
  readonly name: string;
  captures = 0;
  closed = 0;
  fault: Error | null = null;
  constructor(name: string) {
    this.name = name;
  }
  async start(): Promise<void> {}
  async capture(): Promise<Picture> {
    if (this.fault) throw this.fault;
    return { size: { width: 1, height: 1 }, bytes: Uint8Array.of(++this.captures) };
  }
  async close(): Promise<void> {
    this.closed++;
  }
}

class Recorder {
  readonly events: FrameEvent[] = [];
  readonly observations: Observation[] = [];
  readonly statuses: [string, CameraStatus][] = [];
  event(event: FrameEvent): void {
    this.events.push(event);
  }
  observation(observation: Observation): void {
    this.observations.push(observation);
  }
  cameraStatus(camera: string, status: CameraStatus): void {
    this.statuses.push([camera, status]);
  }
  /** The ends of every captured frame: exactly one each, or the pipeline has lost or doubled one. */
  endsById(): Map<string, string[]> {
    const ends = new Map<string, string[]>();
    for (const { id, type } of this.events) {
      if (type === 'captured') ends.set(id, []);
      else ends.get(id)?.push(type);
    }
    return ends;
  }
}

const taskOf = (camera: Camera, intervalMs = 5): CameraTask => ({
  camera,
  intervalMs,
  promptName: 'default',
  prompt: 'Describe the scene.',
  questions: [{ name: 'gate', ask: 'Is the gate open?' }],
});

let pipeline: Pipeline | null = null;
afterEach(() => pipeline?.close());

function startPipeline(tasks: CameraTask[], describer: Describer): Recorder {
  const publisher = new Recorder();
  pipeline = new Pipeline({ tasks, describer, publisher, log });
  pipeline.start();
  return publisher;
}

test('a frame is captured, described and published under one id, with the prompt and the questions', async () => {
  const asked: DescribeRequest[] = [];
  const recorder = startPipeline([taskOf(new CountingCamera('a'))], {
    describe: async (request) => {
      asked.push(request);
      return description;
    },
  });
  await until(() => recorder.observations.length >= 2);
  const { frame, prompt, trigger } = recorder.observations[0]!;
  expect({ prompt, trigger, camera: frame.camera }).toEqual({
    prompt: 'default',
    trigger: 'interval',
    camera: 'a',
  });
  expect(asked[0]).toMatchObject({ prompt: 'Describe the scene.', questions: [{ name: 'gate' }] });
  expect(recorder.events.filter(({ id }) => id === frame.id).map(({ type }) => type)).toEqual([
    'captured',
    'described',
  ]);
  expect(recorder.statuses).toEqual([['a', { state: 'online', reason: null }]]);
});

test('while the engine works only the newest frame waits; every frame ends exactly once, also at the end', async () => {
  const seen: number[] = [];
  let release = (): void => {};
  const camera = new CountingCamera('a');
  const recorder = startPipeline([taskOf(camera)], {
    describe: async ({ picture }, signal) => {
      seen.push(picture.bytes[0]!);
      await new Promise<void>((resolve, reject) => {
        release = resolve;
        signal.addEventListener('abort', () => reject(new Error('stopping')));
      });
      return description;
    },
  });
  await until(() => camera.captures >= 5);
  release();
  await until(() => seen.length === 2);
  expect(seen[1]).toBeGreaterThanOrEqual(5);
  await until(() => camera.captures >= seen[1]! + 2);
  await pipeline?.close();
  const ends = [...recorder.endsById().values()];
  expect(ends.length).toBeGreaterThan(5);
  for (const end of ends) expect(end).toHaveLength(1);
  expect(ends.flat().filter((end) => end === 'described')).toHaveLength(1);
  expect(ends.flat().filter((end) => end === 'failed')).toHaveLength(1);
  expect(camera.closed).toBe(1);
});

test('a failed description is told, and the next frame is described', async () => {
  let calls = 0;
  const recorder = startPipeline([taskOf(new CountingCamera('a'))], {
    describe: async () => {
      if (++calls === 1) throw new Error('the engine died');
      return description;
    },
  });
  await until(() => recorder.observations.length > 0);
  expect(recorder.events.find(({ type }) => type === 'failed')).toMatchObject({ reason: 'the engine died' });
  expect(recorder.events.some(({ type }) => type === 'described')).toBe(true);
});

test('a camera that fails is offline with the reason, is tried again, and comes back', async () => {
  const camera = new CountingCamera('a');
  camera.fault = new Error('no such device');
  const recorder = startPipeline([taskOf(camera)], { describe: async () => description });
  await until(() => recorder.statuses.length > 0);
  camera.fault = null;
  await until(() => recorder.observations.length > 0);
  expect(recorder.statuses).toEqual([
    ['a', { state: 'offline', reason: 'no such device' }],
    ['a', { state: 'online', reason: null }],
  ]);
});

test('no camera starves while another is looked at much more often', async () => {
  const recorder = startPipeline(
    [taskOf(new CountingCamera('busy'), 1), taskOf(new CountingCamera('calm'), 20)],
    {
      describe: async () => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        return description;
      },
    },
  );
  await until(() => recorder.observations.length >= 20);
  const calm = recorder.observations.filter(({ frame }) => frame.camera === 'calm').length;
  expect(calm).toBeGreaterThanOrEqual(6);
});

test('closing twice is fine', async () => {
  startPipeline([taskOf(new CountingCamera('a'))], { describe: async () => description });
  await pipeline?.close();
  await pipeline?.close();
});
