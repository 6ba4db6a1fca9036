import type { ModelIdentity, Question } from './observation.ts';

/** A confidence as the engine gave it, and what its calibration depends on. */
export interface GivenConfidence {
  readonly camera: string;
  readonly question: Question;
  readonly model: ModelIdentity;
  /** 0 to 1. */
  readonly confidence: number;
}

/** The confidence that an answer deserves, 0 to 1; null: too little is known. */
export type Calibrate = (given: GivenConfidence) => number | null;
