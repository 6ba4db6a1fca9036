import type { Size } from '../../domain/frame.ts';
import type { AnswerType } from '../../domain/observation.ts';

/** What the model will have to do. */
export interface SizeRequest {
  /** Absolute. What follows a file's header is not read: it may be a hole. */
  readonly textPath: string;
  /** Absolute. */
  readonly mmprojPath: string;
  /** As in the config. */
  readonly chatTemplate: string | null;
  readonly pictureSizes: readonly Size[];
  /** What descriptions are asked for with. */
  readonly prompts: readonly string[];
  readonly questions: readonly { readonly ask: string; readonly type: AnswerType | null }[];
  readonly ubatchSize: number;
  /** The ggml CPU module to plan for; null: the best of the prebuilt ones for this machine. */
  readonly cpuModule: string | null;
}
