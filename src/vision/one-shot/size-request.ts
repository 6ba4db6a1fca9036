import type { Size } from '../../domain/frame.ts';
import type { AnswerType } from '../../domain/observation.ts';

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
  readonly questions: readonly (readonly { readonly ask: string; readonly type: AnswerType | null }[])[];
  readonly ubatchSize: number;
  /** The ggml CPU module to plan for; null: the best of the prebuilt ones for this machine. */
  readonly cpuModule: string | null;
}
