import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { type SceneTruth, sceneTruth } from '../../src/camera/scene-truth.ts';
import { type ObservationPayload, observationSchema } from '../../src/contract/payloads.ts';
import { topicsOf } from '../../src/contract/topics.ts';
import type { Size } from '../../src/domain/frame.ts';
import { type HeldOutScene, sceneOf } from './held-out-scenes.ts';

/** One held-out scene: its truth, and the description that a subscriber received. */
export interface DescribedScene {
  readonly seed: number;
  readonly size: Size;
  readonly truth: SceneTruth;
  readonly payload: ObservationPayload;
}

export interface RealPathOptions {
  readonly brokerUrl: string;
  readonly scenes: readonly HeldOutScene[];
  /** The model's folder; null: the demo model. */
  readonly model: string | null;
  readonly onProgress: (described: number) => void;
}

/** Scenes per daemon, a camera each. */
const camerasAtOnce = 100;

/**
 * Sends scenes through the whole path: drawn, JPEG-encoded to files, a `still` camera each, the daemon with its engine
 * process, the broker, and a subscriber. Rejects if the daemon exits early or a frame fails.
 */
export async function describeScenes(options: RealPathOptions): Promise<DescribedScene[]> {
  const described: DescribedScene[] = [];
  for (let first = 0; first < options.scenes.length; first += camerasAtOnce) {
    const scenes = options.scenes.slice(first, first + camerasAtOnce);
    const onProgress = (count: number): void => options.onProgress(first + count);
    described.push(...(await describeBatch({ ...options, scenes, onProgress })));
  }
  return described;
}

async function describeBatch({
  brokerUrl,
  scenes,
  model,
  onProgress,
}: RealPathOptions): Promise<DescribedScene[]> {
  const device = `accuracy-${process.pid}-${scenes[0]?.seed}`;
  const folder = await mkdtemp(join(tmpdir(), 'scenecast-accuracy-'));
  const truths = new Map<string, Omit<DescribedScene, 'payload'>>();
  const cameras: Record<string, unknown> = {};
  await mkdir(join(folder, 'pictures'));
  for (const heldOut of scenes) {
    const { seed, size } = heldOut;
    const scene = sceneOf(heldOut);
    const truth = sceneTruth(scene);
    const path = join(folder, 'pictures', `${seed}.jpg`);
    await writeFile(path, await drawScene(scene));
    const questions = truth.questions.map(({ question }, index) => [`q${index}`, { ask: question }]);
    cameras[`s${seed}`] = {
      source: { type: 'still', path },
      interval: '1d',
      questions: Object.fromEntries(questions),
    };
    truths.set(`s${seed}`, { seed, size, truth });
  }
  const config = {
    device,
    log_level: 'warn',
    mqtt: { url: brokerUrl },
    store: { folder: 'state' },
    // All cameras look once, at the start, and the last of a hundred waits for minutes.
    max_frame_age: '1d',
    cameras,
    // The demo model is too small for a second thread to help.
    model: { threads: 1, ...(model === null ? {} : { path: model }) },
  };
  const configPath = join(folder, 'config.yaml');
  await writeFile(configPath, JSON.stringify(config)); // JSON is YAML

  const subscriber = await connectAsync(brokerUrl, { protocolVersion: 5 });
  const done = Promise.withResolvers<DescribedScene[]>();
  const described: DescribedScene[] = [];
  subscriber.on('message', (topic, message) => {
    const payload = JSON.parse(message.toString('utf8'));
    if (topic.endsWith('/event')) {
      if (payload.type === 'failed' || payload.type === 'expired')
        done.reject(new Error(`${topic}: ${payload.reason}`));
      return;
    }
    const camera = topic.split('/').at(-2)!;
    described.push({ ...truths.get(camera)!, payload: observationSchema.parse(payload) });
    onProgress(described.length);
    if (described.length === scenes.length) done.resolve(described);
  });
  const topics = topicsOf(device);
  await subscriber.subscribeAsync([topics.observation('+'), topics.event('+')], { qos: 1 });

  const main = join(import.meta.dirname, '../../src/main.ts');
  const daemon = spawn(process.execPath, [main, 'run', '--config', configPath], { stdio: ['ignore', 2, 2] });
  const ended = once(daemon, 'exit');
  void ended.then(([code]) => done.reject(new Error(`the daemon exited early with code ${code}`)));
  try {
    return await done.promise;
  } finally {
    daemon.kill('SIGTERM');
    await ended;
    await subscriber.endAsync(true);
    await rm(folder, { recursive: true });
  }
}
