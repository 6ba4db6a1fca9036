import { drawScene } from '../../../src/camera/scene-draw.ts';
import type { Scene } from '../../../src/camera/scene-layout.ts';
import type { Picture } from '../../../src/domain/frame.ts';
import type { PictureArea } from '../../../src/domain/picture-area.ts';
import { SceneGate } from '../../../src/gate/scene-gate.ts';

/** Pictures before the change, in which the gate learns the noise. */
const quietLooks = 4;

/** For small things the gate must be as sensitive as it can be. */
export const sensitivities = { large: 50, small: 100 } as const;

/** The last picture of a gate's camera. */
export interface GateLook {
  readonly picture: Picture;
  /** The gate calls it a change. */
  readonly isChange: boolean;
  readonly changedArea: PictureArea | null;
}

/** What a gate sees of a scene after another one of which it has seen, and described, some pictures. */
export async function lookAfter(before: Scene, after: Scene, sensitivity: number): Promise<GateLook> {
  const gate = new SceneGate({ sensitivity, ignore: [], lightGuard: true });
  for (let look = 0; look < quietLooks; look++)
    (await gate.look(await pictureOf({ ...before, noiseSeed: before.noiseSeed + look + 1 }))).described();
  const picture = await pictureOf(after);
  const look = await gate.look(picture);
  return { picture, isChange: look.compare().changed, changedArea: look.changedArea() };
}

async function pictureOf(scene: Scene): Promise<Picture> {
  const { width, height } = scene;
  return { size: { width, height }, bytes: await drawScene(scene) };
}
