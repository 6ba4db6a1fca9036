// When showing less of a picture is good enough to be offered.

import { type Rate, shareOf } from '../score.ts';

export const marks = {
  /** Share of changes described right: how much less than with everything shown. */
  changesLost: 0.02,
  /** Tokens and squares of a changed picture, as a share of those of a whole one. */
  cost: 0.5,
  /** Captions right with half of the patches, as a share of those right with all. */
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

/** One line: whether a choice of half of the patches beats chance and keeps enough of the captions that are right with all. */
export function halfVerdict(name: string, full: Rate, random: Rate, chosen: Rate): string {
  const kept = shareOf(full) === 0 ? 0 : shareOf(chosen) / shareOf(full);
  const isGood = shareOf(chosen) > shareOf(random) && kept >= marks.captionsKept - rounding;
  return (
    `${name}, half of the patches: ${chosen.right} of ${chosen.total} captions right, ${random.right} by chance; ` +
    `${percent(kept)} of those with all (at least ${percent(marks.captionsKept)}): ${word(isGood)}`
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function word(isGood: boolean): string {
  return isGood ? 'good enough' : 'not good enough';
}
