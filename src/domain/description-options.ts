import type { Detail } from './detail.ts';
import type { Answer, Observation, Question } from './observation.ts';

/** How a requested description differs from the camera's own; what is left out is as the camera is configured. */
export interface DescriptionOptions {
  /** The name of a prompt. */
  readonly prompt?: string | undefined;
  readonly detail?: Detail | undefined;
  /** The names of standing questions. */
  readonly questions?: readonly string[] | undefined;
  /** An ad-hoc question; only the requester gets its answer. */
  readonly ask?: Omit<Question, 'name'> | undefined;
}

/** The result of a requested description. */
export interface DescriptionResult {
  readonly observation: Observation;
  /** The answer to `DescriptionOptions.ask`; null if it was not given. */
  readonly answer: Answer | null;
}
