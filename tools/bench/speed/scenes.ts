import sharp from 'sharp';
import { drawScene } from '../../../src/camera/scene-draw.ts';
import { type Scene, type SceneShape, sampleScene } from '../../../src/camera/scene-layout.ts';
import { sceneTruth } from '../../../src/camera/scene-truth.ts';
import { defaultPrompt } from '../../../src/domain/default-prompt.ts';
import type { Job } from './contender.ts';
import type { BenchModel } from './models.ts';

export const sceneNames = ['changing', 'slow', 're-encoded', 'questions', 'busy', 'cold'] as const;
export type SceneName = (typeof sceneNames)[number];
/** Scenes of the whole daemon; no peer has them. */
export const daemonSceneNames = ['cameras', 'busy-daemon', 'idle'] as const;
export type DaemonSceneName = (typeof daemonSceneNames)[number];

export function isDaemonScene(scene: SceneName | DaemonSceneName): scene is DaemonSceneName {
  return (daemonSceneNames as readonly string[]).includes(scene);
}

/** What each scene measures; for tables and docs. */
export const sceneWords: Readonly<Record<SceneName | DaemonSceneName, string>> = {
  changing: 'every picture different',
  slow: 'one thing moves every third picture',
  're-encoded': 'the same picture in another JPEG quality',
  questions: 'every picture different, five questions each',
  busy: 'every picture different, one core busy with another process',
  cold: 'start of the process to the first description',
  cameras: '1 to 16 cameras of one daemon, every picture different',
  'busy-daemon': 'a daemon with one camera, one core busy with another process',
  idle: 'a daemon with one camera that shows nothing new',
};

/** A picture to describe. */
export interface SceneJob extends Job {
  /** The caption of what was drawn. */
  readonly truth: string;
  /** Some only prepare the next one. */
  readonly isTimed: boolean;
}

const size = { width: 1280, height: 720 } as const;
const questions = [
  'How many shapes are there?',
  'Is there a red circle?',
  'Is there a blue square?',
  'Is there a white triangle?',
  'Is there a green circle?',
] as const;
const framesPerMove = 3;

/** The pictures of one round; the same for both sides. */
export async function roundOf(name: SceneName, model: BenchModel, round: number): Promise<SceneJob[]> {
  const count = name === 'cold' ? 1 : model.picturesPerRound;
  const index = round * count;
  const scenes = Array.from({ length: count }, (_, at) => {
    if (name === 'slow') return slowScene(index + at);
    return sampleScene(910_000 + index + at, size);
  });
  const jobs = await Promise.all(
    scenes.map((scene, at) => jobOf(scene, name, model, `${name}-${index + at}`)),
  );
  if (name !== 're-encoded') return jobs;
  const pairs = jobs.map(async (job) => [{ ...job, isTimed: false }, await reEncoded(job)]);
  return (await Promise.all(pairs)).flat();
}

async function jobOf(scene: Scene, name: SceneName, { shape }: BenchModel, id: string): Promise<SceneJob> {
  return {
    jpeg: await drawScene(scene),
    size,
    prompt: defaultPrompt,
    questions: name === 'questions' ? questions : [],
    // A hollow model repeats one token for ever: with its last answer as a draft, generation would cost nothing.
    camera: shape ? id : name,
    truth: sceneTruth(scene).caption,
    isTimed: true,
  };
}

async function reEncoded(job: SceneJob): Promise<SceneJob> {
  return { ...job, jpeg: await sharp(job.jpeg).jpeg({ quality: 70 }).toBuffer() };
}

/** A scene of three shapes whose first one is elsewhere every third picture; each picture has noise of its own. */
export function slowScene(index: number): Scene {
  const base = firstSceneOfThree();
  const [moving, ...others] = base.shapes as [SceneShape, ...SceneShape[]];
  const taken = others.map(({ cell }) => cell);
  const free = [0, 1, 2, 3, 4, 5, 6, 7, 8].filter((cell) => !taken.includes(cell));
  const cell = free[Math.floor(index / framesPerMove) % free.length]!;
  const centrePx = [
    ((cell % 3) + 0.5) * (base.width / 3),
    (Math.floor(cell / 3) + 0.5) * (base.height / 3),
  ] as const;
  const shapes = [{ ...moving, cell, centrePx }, ...others].sort((a, b) => a.cell - b.cell);
  return { ...base, shapes, noiseSigma: 4, noiseSeed: index + 1 };
}

function firstSceneOfThree(): Scene {
  for (let seed = 920_000; ; seed++) {
    const scene = sampleScene(seed, size);
    if (scene.shapes.length === 3) return scene;
  }
}
