import type { Answer } from './observation.ts';

/** A question about a kept picture that has no label. */
export interface LabelTask {
  /** Of the observation. */
  readonly id: string;
  readonly camera: string;
  readonly question: string;
  readonly capturedAt: Date;
  /** What the model said; null: not known. */
  readonly said: Answer | null;
  /** From 0 to 1; null: it has none. */
  readonly confidence: number | null;
}

/** How many pictures of a question have a label, and how many wait for one. */
export interface LabelCounts {
  readonly camera: string;
  readonly question: string;
  readonly labelled: number;
  readonly waiting: number;
}

/** Pictures that were kept to be labelled. What is not known rejects with a CommandError. */
export interface LabelledPictures {
  counts(): Promise<LabelCounts[]>;
  /** Those without a label, oldest first. */
  tasks(camera: string, question: string, limit: number): Promise<LabelTask[]>;
  /** A JPEG file; null: there is none. */
  picture(camera: string, id: string): Promise<Uint8Array | null>;
  /** @param value the right answer; null: the label is withdrawn */
  label(camera: string, question: string, id: string, value: Answer | null): Promise<void>;
}
