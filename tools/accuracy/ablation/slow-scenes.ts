import type { Scene, SceneShape, SceneShapeSizes } from '../../../src/camera/scene-layout.ts';
import { sampleScene } from '../../../src/camera/scene-layout.ts';
import { sceneRandom } from '../../../src/camera/scene-random.ts';
import { SCENE_PLACES } from '../../../src/camera/scene-truth.ts';
import type { Size } from '../../../src/domain/frame.ts';

export const happenings = ['moves', 'appears', 'goes'] as const;
export type Happening = (typeof happenings)[number];

/** A scene in which nothing happens but one thing. */
export interface SlowScene {
  readonly happening: Happening;
  readonly before: Scene;
  readonly after: Scene;
  /** The thing; where it is afterwards, unless it goes. */
  readonly thing: SceneShape;
}

/** Scenes of two or three shapes from a seed on; what happens, and to which shape, follows from the seed. */
export function slowScenes(
  fromSeed: number,
  counts: number,
  size: Size,
  sizes: SceneShapeSizes,
): SlowScene[] {
  const found: SlowScene[] = [];
  for (let seed = fromSeed; found.length < counts; seed++) {
    const scene = sampleScene(seed, size, sizes);
    if (scene.shapes.length < 2) continue;
    found.push(slowScene(scene, happenings[found.length % happenings.length]!));
  }
  return found;
}

function slowScene(scene: Scene, happening: Happening): SlowScene {
  const random = sceneRandom(scene.seed, 5);
  const thing = random.pick(scene.shapes);
  const without = { ...scene, shapes: scene.shapes.filter((shape) => shape !== thing) };
  if (happening === 'appears') return { happening, before: without, after: scene, thing };
  if (happening === 'goes') return { happening, before: scene, after: without, thing };
  const taken = scene.shapes.map(({ cell }) => cell);
  const cell = random.pick(SCENE_PLACES.map((_, place) => place).filter((place) => !taken.includes(place)));
  const { width, height } = scene;
  const moved: SceneShape = {
    ...thing,
    cell,
    centrePx: [((cell % 3) + 0.5) * (width / 3), (Math.floor(cell / 3) + 0.5) * (height / 3)],
  };
  const shapes = [...without.shapes, moved].sort((a, b) => a.cell - b.cell);
  return { happening, before: scene, after: { ...scene, shapes }, thing: moved };
}

/** Whether a caption says what has happened: names the thing in its place, or not there any more. */
export function saysChange(
  { happening, thing: { colour, kind, cell } }: SlowScene,
  caption: string,
): boolean {
  const places = caption.split(/, | and /);
  return places.includes(`a ${colour} ${kind} ${SCENE_PLACES[cell]}`) !== (happening === 'goes');
}
