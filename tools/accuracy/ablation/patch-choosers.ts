// Ways to spend a budget on the patches of a picture's tiles.

import type { Scene } from '../../../src/camera/scene-layout.ts';
import { sceneRandom } from '../../../src/camera/scene-random.ts';
import type { MtmdEngine } from '../../../src/vision/native/mtmd-engine.ts';
import type { CutPicture } from '../../../src/vision/picture/anyres.ts';
import { chooseAttended } from '../../../src/vision/picture/attended-patches.ts';
import { mapSize, patchesOf, type ShownPatches } from '../../../src/vision/picture/shown-patches.ts';

/** Chooses `count` of the patches of a picture's map. */
export type ChoosePatches = (
  cut: CutPicture,
  count: number,
  scene: Scene,
  engine: Pick<MtmdEngine, 'encodeAttendedTile'>,
) => ShownPatches | Promise<ShownPatches>;

/** By name: a further way to choose patches plugs in here, and gets a row for each budget. */
export const choosers = {
  random: ({ plan }, count, { seed }) => {
    const { rows, columns } = mapSize(plan);
    const random = sceneRandom(seed, 7);
    const left = Array.from({ length: rows * columns }, (_, patch) => patch);
    const shown = new Uint8Array(left.length);
    for (let taken = 0; taken < count; taken++) shown[left.splice(random.below(left.length), 1)[0]!] = 1;
    return shown;
  },

  attended: (cut, count, _, engine) =>
    chooseAttended(cut, count, async (rgb) => (await engine.encodeAttendedTile(rgb)).classAttention),

  // Known only of drawn scenes: what the best choice would be worth to this model.
  'shapes first': ({ plan }, count, { seed, width, height, shapes }) => {
    const area = shapes.map(({ centrePx: [x, y], radiusPx }) => ({
      left: (x - radiusPx) / width,
      top: (y - radiusPx) / height,
      right: (x + radiusPx) / width,
      bottom: (y + radiusPx) / height,
    }));
    const random = sceneRandom(seed, 7);
    const worth = Array.from(patchesOf(plan, area, 1 / 64), (hasShape) => hasShape + random.between(0, 1));
    const shown = new Uint8Array(worth.length);
    const best = [...worth.keys()].toSorted((a, b) => worth[b]! - worth[a]!);
    for (const patch of best.slice(0, count)) shown[patch] = 1;
    return shown;
  },
} satisfies Readonly<Record<string, ChoosePatches>>;

/** Names of choosers that no camera can have. */
export const onlyByTruth: ReadonlySet<string> = new Set(['shapes first']);
