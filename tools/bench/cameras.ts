/**
 * Measures the daemon's memory per additional camera: runs the pipeline with gates and a slow engine in a child process,
 * started like the daemon, once with one camera and once with 17. Each camera allocates its 1280x720 pictures, as a
 * device would; a camera's own process or buffers are not included.
 *
 *   npm run bench:cameras -- [--seconds 20]
 *
 * Prints the figures; exits with 1 if a camera costs 12 MB or more.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { defaultPrompt } from '../../src/domain/default-prompt.ts';
import type { Picture } from '../../src/domain/frame.ts';
import { MaskedCamera } from '../../src/gate/masked-camera.ts';
import { SceneGate } from '../../src/gate/scene-gate.ts';
import { Pipeline } from '../../src/pipeline/pipeline.ts';
import type { Camera } from '../../src/pipeline/ports.ts';
import { RuleStates } from '../../src/pipeline/rule-states.ts';
import { CameraView } from './camera-view.ts';

const maxMegabytes = 12;
const more = 16;
const kinds = ['jpeg', 'masked', 'pixels'] as const;
type Kind = (typeof kinds)[number];

/** Starts Node as the daemon is started, with its memory limits. */
const runNode = join(import.meta.dirname, '../../bin/run-node');

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    child: { type: 'string' },
    kind: { type: 'string' },
  },
});

if (values.child === undefined) {
  for (const kind of kinds) {
    const [one, many] = [residentMegabytes(1, kind), residentMegabytes(1 + more, kind)];
    const each = (many - one) / more;
    const isMet = each < maxMegabytes;
    console.log(
      `${kind}: 1 camera ${one.toFixed(0)} MB, ${1 + more} cameras ${many.toFixed(0)} MB: ${each.toFixed(1)} MB per camera ` +
        `(under ${maxMegabytes}${isMet ? '' : ': MISSED'})`,
    );
    if (!isMet) process.exitCode = 1;
  }
} else await watch(Number(values.child), values.kind as Kind);

function residentMegabytes(cameras: number, kind: Kind): number {
  const { seconds } = values;
  const args = ['--child', `${cameras}`, '--kind', kind, '--seconds', seconds];
  const output = execFileSync(runNode, [import.meta.filename, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return Number(output);
}

/** Runs the pipeline, and prints the peak resident memory of the second half of the time. */
async function watch(count: number, kind: Kind): Promise<void> {
  const size = { width: 1280, height: 720 };
  const view = new CameraView(1, { size, noise: 6, quality: 80 });
  const frames = await Promise.all(Array.from({ length: 4 }, () => view.frame()));
  const pixels = await sharp(frames[0]!.bytes).raw().toBuffer();
  const cameraOf = (name: string): Camera => {
    let captures = 0;
    const camera: Camera = {
      name,
      start: async () => {},
      capture: async (): Promise<Picture> => {
        if (kind === 'pixels') return { size, bytes: Uint8Array.from(pixels), pixels: 'rgb24' };
        return { size, bytes: Uint8Array.from(frames[captures++ % frames.length]!.bytes) };
      },
      close: async () => {},
    };
    const masks = [[[0, 0] as const, [0.2, 0] as const, [0, 0.2] as const]];
    return kind === 'masked' ? new MaskedCamera(camera, () => masks) : camera;
  };
  const quiet = (): void => {};
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const pipeline = new Pipeline({
    language: 'en',
    tasks: Array.from({ length: count }, (_, index) => ({
      camera: cameraOf(`c${index}`),
      gate: new SceneGate({ sensitivity: 50, ignore: [], lightGuard: true }),
      settings: { paused: false, intervalMs: 1000, prompt: 'default' },
      hours: null,
      minIntervalMs: null,
      // Always due, so that each camera has a frame waiting.
      maxIntervalMs: 1000,
      staleAfterMs: null,
      questions: [],
      rules: [],
    })),
    prompts: { default: defaultPrompt },
    describer: {
      ready: async () => {},
      describe: async () => {
        await new Promise((resolve) => setTimeout(resolve, 700));
        return {
          text: '',
          answers: {},
          finishReason: 'stop',
          timings: { packMs: 0, encodeMs: 0, prefillMs: 0, generateMs: 0 },
          tokens: { image: 0, imageOmitted: 0, prompt: 0, completion: 0, drafted: 0, accepted: 0 },
          model: { name: '', quant: '', build: '' },
        };
      },
    },
    publisher: {
      cameraStatus: quiet,
      cameraVision: quiet,
      cameraSettings: quiet,
      observation: quiet,
      rule: quiet,
      alert: async () => {},
      watches: quiet,
      event: quiet,
      health: quiet,
    },
    log,
    ruleStates: new RuleStates(
      { load: async () => ({ elapsedMs: null, rules: [] }), save: async () => {} },
      log,
    ),
    maxFrameAgeMs: 120_000,
    healthIntervalMs: 30_000,
  });
  pipeline.start();
  const halfMs = Number(values.seconds) * 500;
  await new Promise((resolve) => setTimeout(resolve, halfMs));
  let largest = 0;
  for (let sample = 0; sample < 20; sample++) {
    await new Promise((resolve) => setTimeout(resolve, halfMs / 20));
    largest = Math.max(largest, process.memoryUsage.rss());
  }
  await pipeline.close();
  process.stdout.write(`${largest / 1e6}`);
}
