import { PlanError } from '../domain/errors.ts';
import type { DetailSizing, ModelSizing } from '../domain/model-sizing.ts';
import type { MemoryBudget } from './plan-memory.ts';

interface LimitSettings {
  readonly maxImageTokens?: number | null;
  readonly key?: string;
}

/** Whether a limit leaves a map no room for a patch, so that a picture would be its overview alone. */
export function isTooFew({ limit }: DetailSizing, maxImageTokens: number | null): boolean {
  return limit !== undefined && maxImageTokens !== null && maxImageTokens <= limit.fixedTokens;
}

/** @throws PlanError */
export function refuseTooFewTokens(
  detail: DetailSizing,
  { maxImageTokens = null, key = 'model' }: LimitSettings,
  { bytes }: MemoryBudget,
): void {
  if (!isTooFew(detail, maxImageTokens)) return;
  const { wholeTokens, fixedTokens } = detail.limit!;
  throw new PlanError(
    `${key}.image_tokens ${maxImageTokens}: of the ${wholeTokens} tokens of the largest picture, overview and newlines take ${fixedTokens}, so nothing would be shown closely; raise it to at least ${fixedTokens + 1}, or remove it and set ${key}.detail: overview`,
    { neededBytes: null, budgetBytes: bytes, mayPass: false },
  );
}

/** The image tokens of the largest picture, and what the limit does. */
export function tokensReason(
  { details }: ModelSizing,
  { limit, imageTokens }: DetailSizing,
  { maxImageTokens = null, key = 'model' }: LimitSettings,
): string {
  const whole = `${imageTokens} image tokens for the largest picture`;
  if (maxImageTokens === null) return whole;
  const option = `${key}.image_tokens`;
  if (limit && imageTokens < limit.wholeTokens)
    return `${imageTokens} of ${limit.wholeTokens} image tokens for the largest picture (${option})`;
  if (limit) return `${whole} (${option} allows ${maxImageTokens})`;
  return details.some((each) => each.limit)
    ? `${whole}; ${option} has no effect on an overview`
    : `${whole}; ${option} has no effect, as only pictures in tiles of LLaVA-1.6 whose tower has a class token have parts to choose`;
}
