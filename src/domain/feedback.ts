import type { Answer } from './observation.ts';

/** What a person says of an answer: that it is right or wrong, or what is right. */
export type Verdict = { readonly isRight: boolean } | { readonly value: Answer };

/** A person's word about an answer to a standing question. */
export interface Feedback {
  /** null: the only one. */
  readonly camera: string | null;
  /** null: the camera's only one that can be labelled. */
  readonly question: string | null;
  /** Of the observation; null: the newest that answers the question. */
  readonly id: string | null;
  readonly verdict: Verdict;
}

/** The label that a feedback has become. */
export interface LabelledFrame {
  /** Of the observation. */
  readonly id: string;
  readonly camera: string;
  readonly question: string;
  /** The right answer. */
  readonly value: Answer;
}
