import type { LabelledQuestion } from './label.ts';
import type { Answer, ModelIdentity } from './observation.ts';

/** What is known of a picture that was kept to be labelled. */
export interface CollectedPicture {
  /** Of its observation. */
  readonly id: string;
  readonly camera: string;
  readonly capturedAt: Date;
  /** null: the model only answered questions. */
  readonly description: string | null;
  readonly model: Pick<ModelIdentity, 'name' | 'quant'>;
  readonly answers: readonly CollectedAnswer[];
  /** A coarse picture: levels of brightness, 0 to 255, by which pictures are compared. */
  readonly coarse: Uint8Array;
}

/** What the model said. */
export interface CollectedAnswer {
  readonly question: LabelledQuestion;
  readonly value: Answer;
  /** 0 to 1, as the model has it; null: the engine gave none. */
  readonly confidence: number | null;
}

/** A picture that is or may be collected. */
export interface Collectable {
  readonly id: string;
  /** Of its capture, by the clock of the board, 0 to 23. */
  readonly hour: number;
  readonly bytes: number;
  /** Labelled pictures are never dropped. */
  readonly isLabelled: boolean;
  /** 1 minus the lowest confidence of its answers, 0 to 1. */
  readonly uncertainty: number;
  /** Of the same length, unless the camera's shape has changed. */
  readonly coarse: Uint8Array;
}

export interface CollectBounds {
  readonly maxPictures: number;
  readonly maxBytes: number;
}
