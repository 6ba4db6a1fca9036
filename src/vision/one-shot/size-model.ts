import type { ModelSizing } from '../../domain/model-sizing.ts';
import { runInChild } from './one-shot-child.ts';
import type { SizeRequest } from './size-request.ts';

/**
 * Loads the model's headers with llama.cpp, without weights, in a process of its own, and counts.
 * @throws EngineError: the codes of `MtmdAddon.load`, BAD_TEMPLATE, CANCELLED, or ENGINE_DIED
 */
export function sizeModel(request: SizeRequest, signal?: AbortSignal): Promise<ModelSizing> {
  const worker = new URL('./size-worker.ts', import.meta.url);
  return runInChild(worker, 'the process that sizes the model', request, { signal });
}
