import type { Answer } from './observation.ts';

/** Of a comparison. `<` and its like compare integers only. */
export const comparisons = ['==', '!=', '<=', '>=', '<', '>'] as const;
export type Comparison = (typeof comparisons)[number];

/** What must be true of the answers about a picture. */
export type Condition =
  | { readonly kind: 'compare'; readonly question: string; readonly is: Comparison; readonly value: Answer }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] };

/** A condition of a camera that must prove true several times before it counts. */
export interface Rule {
  readonly name: string;
  readonly when: Condition;
  /** `votes` of the last `of` certain looks must agree; more than half, so that only one side can have them. */
  readonly agree: { readonly votes: number; readonly of: number };
  /** What was decided must last for so long, in either direction, before the state changes. */
  readonly holdMs: number;
  /** After an alert, turning on again raises none for so long. */
  readonly cooldownMs: number;
}

export type RuleState = 'on' | 'off' | 'unknown';

/** The questions that a condition asks about. */
export function questionsIn(condition: Condition): string[] {
  if (condition.kind === 'compare') return [condition.question];
  if (condition.kind === 'not') return questionsIn(condition.of);
  return [...new Set(condition.of.flatMap(questionsIn))];
}
