import type { Detail } from '../../domain/detail.ts';
import type { Size } from '../../domain/frame.ts';
import type { DetailSizing, PictureCost } from '../../domain/model-sizing.ts';
import type { MtmdEngine } from '../native/mtmd-engine.ts';
import type { MtmdInfo } from '../native/mtmd-info.ts';
import { type Plan, planAnyres } from './anyres.ts';
import { pinpointsFor } from './detail.ts';
import { layoutOf, limitsTokens, showsAreas } from './picture-encoder.ts';
import {
  areaMargin,
  countOmitted,
  fixedTokens,
  patchBudget,
  patchesOf,
  shownTiles,
} from './shown-patches.ts';

/**
 * Context cells of a picture of this size, without the text around it. An engine with `takesLimit` must
 * have been loaded for this detail.
 * @param maxTokens as the encoder has it
 */
export function countPictureTokens(
  engine: MtmdEngine,
  detail: Detail,
  size: Size,
  maxTokens: number | null = null,
): number {
  const { imageSize, patchSize, hasImageNewline } = engine.info.vision;
  if (layoutOf(engine.info) === 'libmtmd') return engine.countPictureTokens(size.width, size.height);
  const patches = (imageSize / patchSize) ** 2;
  const plan = planOf(engine.info, detail, size);
  if (!plan) return patches;
  if (!hasImageNewline) return patches * (1 + plan.tiles.length);
  return limited(engine.info, plan, plan.tokenCount, maxTokens);
}

/**
 * What a limit of image tokens means for a picture of this size: the tokens without it, and those that every map has.
 * undefined: it has no effect with this model at this detail.
 */
export function countLimitable(engine: MtmdEngine, detail: Detail, size: Size): DetailSizing['limit'] {
  const plan = limitsTokens(engine.info) ? planOf(engine.info, detail, size) : null;
  return plan ? { wholeTokens: plan.tokenCount, fixedTokens: fixedTokens(plan) } : undefined;
}

/** Tokens of which no more are shown than the limit allows. */
function limited(
  info: Pick<MtmdInfo, 'text' | 'vision'>,
  plan: Plan,
  tokens: number,
  maxTokens: number | null,
): number {
  if (maxTokens === null || !limitsTokens(info)) return tokens;
  return patchBudget(plan, maxTokens) < 1 ? plan.patchesPerSide ** 2 : Math.min(tokens, maxTokens);
}

/** Patches of each square to encode for a picture of this size; otherwise like `countPictureTokens`. */
export function countPatches(engine: MtmdEngine, detail: Detail, size: Size): number[] {
  if (layoutOf(engine.info) === 'libmtmd') return [...engine.countPatches(size.width, size.height)];
  const { imageSize, patchSize } = engine.info.vision;
  const squares = 1 + (planOf(engine.info, detail, size)?.tiles.length ?? 0);
  return Array.from({ length: squares }, () => (imageSize / patchSize) ** 2);
}

/** A typical change: this share of a picture's width and height. */
const typicalChange = { width: 1 / 3, height: 3 / 8 };
/** Where it may be, as shares of the space that it leaves. */
const places = [0, 0.5, 1];

/**
 * Tokens and squares of a picture of this size if only an eighth of it is shown closely, averaged over where that may be.
 * undefined: an area has no effect with this model at this detail.
 * @param maxTokens as the encoder has it
 */
export function countTypicalChange(
  engine: MtmdEngine,
  detail: Detail,
  size: Size,
  maxTokens: number | null = null,
): PictureCost | undefined {
  const plan = showsAreas(engine.info) ? planOf(engine.info, detail, size) : null;
  if (!plan) return undefined;
  const { width, height } = typicalChange;
  const costs = places.flatMap((across) =>
    places.map((down) => {
      const [left, top] = [across * (1 - width), down * (1 - height)];
      const area = [{ left, top, right: left + width, bottom: top + height }];
      const shown = patchesOf(plan, area, areaMargin);
      return {
        imageTokens: limited(engine.info, plan, plan.tokenCount - countOmitted(shown), maxTokens),
        squares: 1 + shownTiles(plan, shown).filter((isShown) => isShown).length,
      };
    }),
  );
  const mean = (of: 'imageTokens' | 'squares'): number =>
    Math.round(costs.reduce((sum, cost) => sum + cost[of], 0) / costs.length);
  return {
    imageTokens: mean('imageTokens'),
    squares: Array.from({ length: mean('squares') }, () => plan.patchesPerSide ** 2),
  };
}

/** How a picture is cut into tiles; null if it is not. */
function planOf(info: MtmdEngine['info'], detail: Detail, size: Size): Plan | null {
  const { imageSize, patchSize, gridPinpoints } = info.vision;
  const allowed = layoutOf(info) === 'anyres' ? pinpointsFor(detail, gridPinpoints, imageSize) : [];
  return allowed.length === 0 ? null : planAnyres({ ...size, imageSize, patchSize, gridPinpoints: allowed });
}
