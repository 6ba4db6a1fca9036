import type { Size } from '../../domain/frame.ts';
import type { AnswerType } from '../../domain/observation.ts';

export interface SizedQuestion {
  readonly ask: string;
  readonly type: AnswerType | null;
  /** Tokens of words that are not known yet, in addition to those of `ask`. */
  readonly unknownTokens?: number;
  /** The camera's earlier picture is shown with it, if the model takes several pictures. Default: false. */
  readonly showsEarlier?: boolean;
}

/** The model, and the work to size it for. */
export interface SizeRequest {
  /** Absolute. Only a file's header is read. */
  readonly textPath: string;
  /** Absolute. */
  readonly mmprojPath: string;
  /** As in the config. */
  readonly chatTemplate: string | null;
  readonly pictureSizes: readonly Size[];
  /** The prompts for descriptions. */
  readonly prompts: readonly string[];
  /** For each camera, the questions about one picture. */
  readonly questions: readonly (readonly SizedQuestion[])[];
  readonly ubatchSize: number;
  /** At most this many image tokens of a picture are shown, if the model can be limited. Default: all. */
  readonly maxImageTokens?: number | null;
  /** The ggml CPU module to plan for; null: the best of the prebuilt ones for this machine. */
  readonly cpuModule: string | null;
}
