import type { Size } from '../../domain/frame.ts';
import type { ModelSizing } from '../../domain/model-sizing.ts';
import type { AnswerType } from '../../domain/observation.ts';
import { runInChild } from './one-shot-child.ts';

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

/**
 * Loads the model's headers with llama.cpp, without weights, in a process of its own, and counts.
 * @throws EngineError: the codes of `MtmdAddon.load`, BAD_TEMPLATE, CANCELLED, or ENGINE_DIED
 */
export function sizeModel(request: SizeRequest, signal?: AbortSignal): Promise<ModelSizing> {
  const worker = new URL('./size-worker.ts', import.meta.url);
  return runInChild(worker, 'the process that sizes the model', request, { signal });
}
