import type { Detail } from '../domain/detail.ts';
import type { ContextSizing, DetailSizing, ModelSizing } from '../domain/model-sizing.ts';
import { isTooFew } from './limit-tokens.ts';

/** One way to do the job. */
export interface Choice {
  readonly detail: DetailSizing;
  readonly context: ContextSizing;
  readonly maxTokens: number;
  /** The description and all questions about a picture run at once; else as many as fit beside the longest. */
  readonly isTogether: boolean;
  /** What has changed is asked with the earlier picture. */
  readonly comparesPictures: boolean;
  /** Tokens that the context must hold. */
  readonly needed: number;
  readonly contextSize: number;
}

/** llama.cpp rounds a context up to a multiple of this. */
export const contextStep = 256;
/** The lowest `maxTokens` that a plan chooses when memory is short. */
const minMaxTokens = 64;

/** The possible choices, best first. `contextSize` null: as needed. */
export function choicesOf(
  model: ModelSizing,
  {
    detail,
    maxTokens,
    contextSize,
    maxImageTokens = null,
  }: {
    readonly detail: Detail;
    readonly maxTokens: number;
    readonly contextSize: number | null;
    readonly maxImageTokens?: number | null;
  },
): Choice[] {
  const first = Math.max(
    0,
    model.details.findIndex((each) => each.detail === detail),
  );
  const [finest, ...coarser] = model.details.slice(first) as [DetailSizing, ...DetailSizing[]];
  const details = [finest, ...coarser.filter((each) => !isTooFew(each, maxImageTokens))];
  const choicesFor = (of: DetailSizing, tokens: number, context: ContextSizing): Choice[] => {
    const free = model.freeTurnTokens > 0 ? model.freeTurnTokens + tokens : 0;
    const alone = of.imageTokens + Math.max(free, model.typedTurnTokens);
    const groups = model.turnGroups.map((group) => {
      const cells = of.imageTokens + group.tokens + group.freeAnswers * tokens;
      return { cells, comparedCells: cells + group.earlierPictures * of.imageTokens };
    });
    const together = Math.max(alone, ...groups.map(({ cells }) => cells));
    const compared = Math.max(together, ...groups.map(({ comparedCells }) => comparedCells));
    return [...new Set([compared, together, alone])].map((needed) => ({
      detail: of,
      context,
      maxTokens: tokens,
      isTogether: needed >= together,
      comparesPictures: needed === compared && model.turnGroups.some((group) => group.earlierPictures > 0),
      needed,
      contextSize:
        contextSize !== null && needed <= contextSize
          ? contextSize
          : Math.ceil(needed / contextStep) * contextStep,
    }));
  };
  const [exact, ...smaller] = model.contexts as [ContextSizing, ...ContextSizing[]];
  const lowest = details.at(-1)!;
  const shorter = Math.min(maxTokens, minMaxTokens);
  return [
    ...details.flatMap((each) => choicesFor(each, maxTokens, exact)),
    ...choicesFor(lowest, shorter, exact),
    ...smaller.flatMap((context) => choicesFor(lowest, shorter, context)),
  ];
}

/** What a choice lacks of the best one. */
export function degradedFrom(best: Choice, chosen: Choice): string[] {
  return [
    ...(best.comparesPictures && !chosen.comparesPictures
      ? ['what has changed is asked without the earlier picture']
      : []),
    ...(chosen.isTogether ? [] : ['questions answered in groups instead of all at once']),
    ...(chosen.detail !== best.detail
      ? [`detail ${chosen.detail.detail} instead of ${best.detail.detail}`]
      : []),
    ...(chosen.maxTokens !== best.maxTokens
      ? [`answers of ${chosen.maxTokens} tokens instead of ${best.maxTokens}`]
      : []),
    ...(chosen.context !== best.context ? [`KV cache in ${chosen.context.kvType}`] : []),
  ];
}
