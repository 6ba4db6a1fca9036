// Ways to show the language model a picture: how much of it, and which patches.

import type { Scene } from '../../../src/camera/scene-layout.ts';
import { sceneRandom } from '../../../src/camera/scene-random.ts';
import type { Detail } from '../../../src/domain/detail.ts';
import type { Picture } from '../../../src/domain/frame.ts';
import type { PictureArea } from '../../../src/domain/picture-area.ts';
import type { MtmdEngine } from '../../../src/vision/native/mtmd-engine.ts';
import type { Plan } from '../../../src/vision/picture/anyres.ts';
import {
  cutPicture,
  embedPicture,
  encodeCut,
  type PictureEmbeddings,
} from '../../../src/vision/picture/embed-picture.ts';
import { countOmitted, mapSize, type ShownPatches } from '../../../src/vision/picture/shown-patches.ts';
import type { EncodeSquare } from '../../../src/vision/picture/square-encoder.ts';

/** A drawn scene, and what its gate says of it. */
export interface SeenScene {
  readonly scene: Scene;
  readonly picture: Picture;
  /** What differs from the same scene without its shapes; null: nothing that the gate sees, or most of it. */
  readonly changedArea: PictureArea | null;
}

export interface View {
  readonly name: string;
  embed(engine: MtmdEngine, encodeSquare: EncodeSquare, seen: SeenScene): Promise<PictureEmbeddings>;
}

/** Chooses `count` of the patches of a picture's map. */
export type ChoosePatches = (plan: Plan, count: number, scene: Scene) => ShownPatches;

/** By name: a further way to choose patches plugs in here, and gets a row for each budget. */
export const choosers: Readonly<Record<string, ChoosePatches>> = {
  random: (plan, count, { seed }) => {
    const { rows, columns } = mapSize(plan);
    const random = sceneRandom(seed, 7);
    const left = Array.from({ length: rows * columns }, (_, patch) => patch);
    const shown = new Uint8Array(left.length);
    for (let taken = 0; taken < count; taken++) shown[left.splice(random.below(left.length), 1)[0]!] = 1;
    return shown;
  },
};

const budgets = [0.75, 0.5, 0.25] as const;
const never = new AbortController().signal;

export const views: readonly View[] = [
  ...(['overview', 'balanced', 'full'] as const).map(detailView),
  {
    name: 'changed',
    embed: (engine, encodeSquare, { picture, changedArea }) =>
      embedPicture(engine, encodeSquare, picture, never, { area: changedArea ?? undefined }),
  },
  ...budgets.flatMap((share) =>
    Object.entries(choosers).map(([name, choose]) => budgetView(share, name, choose)),
  ),
];

function detailView(detail: Detail): View {
  return {
    name: detail,
    embed: (engine, encodeSquare, { picture }) =>
      embedPicture(engine, encodeSquare, picture, never, { detail }),
  };
}

function budgetView(share: number, name: string, choose: ChoosePatches): View {
  return {
    name: `${share * 100} % ${name}`,
    embed: async (engine, encodeSquare, { scene, picture }) => {
      const start = performance.now();
      const cut = await cutPicture(engine, picture);
      const { rows, columns } = mapSize(cut.plan);
      const shown = choose(cut.plan, Math.round(share * rows * columns), scene);
      const encodeStart = performance.now();
      const embeddings = await encodeCut(engine, encodeSquare, cut, shown);
      return {
        embeddings,
        tokenCount: embeddings.length / engine.info.text.width,
        omittedTokens: countOmitted(shown),
        packMs: encodeStart - start,
        encodeMs: performance.now() - encodeStart,
      };
    },
  };
}
