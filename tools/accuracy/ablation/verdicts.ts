// When showing less of a picture is good enough to be offered.

import { type Rate, shareOf } from '../score.ts';

export const marks = {
  /** Share of changes described right: how much less than with everything shown. */
  changesLost: 0.02,
  /** Tokens, and squares of a changed picture, as a share of those of a whole one. */
  cost: 0.5,
  /** Captions right with a budget of tokens, as a share of those right with all. */
  captionsKept: 0.95,
} as const;

/** Of shares. */
const rounding = 1e-9;

/** What was said of the changes in slow scenes, and its mean cost. */
export interface SlowRates {
  readonly changes: Rate;
  readonly tokens: number;
  readonly squares: number;
}

/** One line: whether showing only what has changed is as good as showing everything, at half its cost. */
export function changedVerdict(full: SlowRates, changed: SlowRates): string {
  const lost = shareOf(full.changes) - shareOf(changed.changes);
  const cost = (of: 'tokens' | 'squares'): number => changed[of] / full[of];
  const isGood =
    lost <= marks.changesLost + rounding && Math.max(cost('tokens'), cost('squares')) <= marks.cost;
  return (
    `changed: ${(lost * 100).toFixed(1)} points fewer changes (at most ${marks.changesLost * 100}), ` +
    `${percent(cost('tokens'))} of the tokens, ${percent(cost('squares'))} of the squares (at most ${percent(marks.cost)}): ` +
    word(isGood)
  );
}

/** What was said of scenes, and its mean cost. */
export interface ViewRates {
  readonly captions: Rate;
  readonly tokens: number;
}

/**
 * One line: whether a choice of patches beats as many at random and keeps enough of the captions that are right with all, for
 * half of the tokens.
 */
export function budgetVerdict(name: string, full: ViewRates, random: ViewRates, chosen: ViewRates): string {
  const right = (view: ViewRates): number => shareOf(view.captions);
  const kept = right(full) === 0 ? 0 : right(chosen) / right(full);
  const cost = chosen.tokens / full.tokens;
  const isGood = right(chosen) > right(random) && kept >= marks.captionsKept - rounding && cost <= marks.cost;
  return (
    `${name}, ${percent(cost)} of the tokens (at most ${percent(marks.cost)}): ` +
    `${chosen.captions.right} of ${chosen.captions.total} captions right, ${random.captions.right} by chance; ` +
    `${percent(kept)} of those with all (at least ${percent(marks.captionsKept)}): ${word(isGood)}`
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function word(isGood: boolean): string {
  return isGood ? 'good enough' : 'not good enough';
}
