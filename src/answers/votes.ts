import type { Rule } from '../domain/rule.ts';

/** What one look with certain answers says of a rule's condition. */
export interface Vote {
  readonly isOn: boolean;
  readonly confidence: number | null;
  /** Of the observation. */
  readonly id: string;
}

/** What enough votes agree on. */
export interface Decision {
  readonly isOn: boolean;
  /** The mean of the agreeing votes; null if one of them has none. */
  readonly confidence: number | null;
  /** The observations of the agreeing votes, oldest first. */
  readonly evidence: readonly string[];
}

/** The last votes on a rule, oldest first. */
export class Votes {
  readonly #agree: Rule['agree'];
  #votes: readonly Vote[] = [];

  constructor(agree: Rule['agree']) {
    this.#agree = agree;
  }

  get last(): Vote | null {
    return this.#votes.at(-1) ?? null;
  }

  add(vote: Vote): void {
    this.#votes = [...this.#votes, vote].slice(-this.#agree.of);
  }

  clear(): void {
    this.#votes = [];
  }

  /** null: too few agree. */
  get decision(): Decision | null {
    for (const isOn of [true, false]) {
      const agreeing = this.#votes.filter((vote) => vote.isOn === isOn);
      if (agreeing.length >= this.#agree.votes)
        return { isOn, confidence: meanConfidence(agreeing), evidence: agreeing.map(({ id }) => id) };
    }
    return null;
  }
}

function meanConfidence(votes: readonly Vote[]): number | null {
  let sum = 0;
  for (const { confidence } of votes) {
    if (confidence === null) return null;
    sum += confidence;
  }
  return sum / votes.length;
}
