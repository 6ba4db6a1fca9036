import {
  SCENE_SHAPE_SIZES,
  type Scene,
  type SceneShapeSizes,
  sampleScene,
} from '../../src/camera/scene-layout.ts';
import type { Size } from '../../src/domain/frame.ts';

/** Seeds from here on are never trained on. */
export const firstHeldOutSeed = 900_000;

/** Those that are judged. */
export const sizes: readonly Size[] = [
  { width: 640, height: 480 },
  { width: 1280, height: 720 },
  { width: 720, height: 1280 },
  { width: 336, height: 336 },
];

/** What a scene is drawn from. */
export interface HeldOutScene {
  readonly seed: number;
  readonly size: Size;
  /** How large its shapes are. */
  readonly shapes: SceneShapeSizes;
}

/** `count` held-out scenes, alternating between the judged sizes. @throws RangeError for a training seed. */
export function heldOutScenes(
  fromSeed: number,
  count: number,
  shapes: SceneShapeSizes = 'large',
): HeldOutScene[] {
  if (!Number.isInteger(fromSeed) || fromSeed < firstHeldOutSeed) {
    throw new RangeError(
      `--from-seed ${fromSeed}: must be a whole number from ${firstHeldOutSeed}: smaller ones were trained on`,
    );
  }
  if (!Number.isInteger(count) || count < 1)
    throw new RangeError(`--count ${count}: must be a whole number from 1`);
  return Array.from({ length: count }, (_, index) => ({
    seed: fromSeed + index,
    size: sizes[index % sizes.length]!,
    shapes,
  }));
}

/** The scene of large shapes and the one of small shapes of each of `count` seeds. @throws RangeError for a training seed. */
export function heldOutScenesOfBothSizes(fromSeed: number, count: number): HeldOutScene[] {
  return heldOutScenes(fromSeed, count).flatMap((scene): HeldOutScene[] => [
    scene,
    { ...scene, shapes: 'small' },
  ]);
}

export function sceneOf({ seed, size, shapes }: HeldOutScene): Scene {
  return sampleScene(seed, size, shapes);
}

/** The value of --shapes. @throws RangeError */
export function parseShapes(text: string): SceneShapeSizes {
  const shapes = SCENE_SHAPE_SIZES.find((name) => name === text);
  if (!shapes) throw new RangeError(`--shapes ${text}: must be one of ${SCENE_SHAPE_SIZES.join(', ')}`);
  return shapes;
}
