import type { Detail } from './model-sizing.ts';
import type { Answer, Observation, Question } from './observation.ts';

/** What somebody wants of a camera's next picture; what is left out is as the camera's task has it. */
export interface Wish {
  /** The name of a prompt. */
  readonly prompt?: string | undefined;
  readonly detail?: Detail | undefined;
  /** The names of standing questions. */
  readonly questions?: readonly string[] | undefined;
  /** Asked besides, and answered to whoever wished it alone. */
  readonly ask?: Omit<Question, 'name'> | undefined;
}

/** What came of a wish. */
export interface Fulfilment {
  readonly observation: Observation;
  /** null: nothing was asked besides. */
  readonly answer: Answer | null;
}
