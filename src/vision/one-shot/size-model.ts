import type { ModelSizing } from '../../domain/model-sizing.ts';
import { runInChild } from './one-shot-child.ts';
import type { SizeRequest } from './size-request.ts';

/**
 * Loads a model's headers with llama.cpp, without weights, in a process of its own, and measures memory and tokens.
 * @throws EngineError: the codes of `MtmdAddon.load`, BAD_TEMPLATE, CANCELLED, or ENGINE_DIED
 */
export function sizeModel(request: SizeRequest, signal?: AbortSignal): Promise<ModelSizing> {
  const worker = new URL('./size-worker.ts', import.meta.url);
  return runInChild(worker, 'model sizing', request, { signal });
}
