// Ways to show the language model a picture: how much of it, and which patches.

import type { Scene } from '../../../src/camera/scene-layout.ts';
import type { Detail } from '../../../src/domain/detail.ts';
import type { Picture } from '../../../src/domain/frame.ts';
import type { PictureArea } from '../../../src/domain/picture-area.ts';
import type { MtmdEngine } from '../../../src/vision/native/mtmd-engine.ts';
import {
  cutPicture,
  embedPicture,
  encodeCut,
  type PictureEmbeddings,
} from '../../../src/vision/picture/embed-picture.ts';
import { countOmitted, mapSize } from '../../../src/vision/picture/shown-patches.ts';
import type { EncodeSquare } from '../../../src/vision/picture/square-encoder.ts';
import { type ChoosePatches, choosers } from './patch-choosers.ts';

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
    Object.entries<ChoosePatches>(choosers).map(([name, choose]) => budgetView(share, name, choose)),
  ),
];

function detailView(detail: Detail): View {
  return {
    name: detail,
    embed: (engine, encodeSquare, { picture }) =>
      embedPicture(engine, encodeSquare, picture, never, { detail }),
  };
}

export function budgetName(share: number, chooser: string): string {
  return `${share * 100} % ${chooser}`;
}

function budgetView(share: number, name: string, choose: ChoosePatches): View {
  return {
    name: budgetName(share, name),
    embed: async (engine, encodeSquare, { scene, picture }) => {
      const start = performance.now();
      const cut = await cutPicture(engine, picture);
      const { rows, columns } = mapSize(cut.plan);
      const shown = await choose(cut, Math.round(share * rows * columns), scene, engine);
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
