import type { InspectRequest, ModelFacts } from './inspect-request.ts';
import { runInChild } from './one-shot-child.ts';

/**
 * Reads the headers of a model's files with llama.cpp, in a process of its own.
 * @throws EngineError: the codes of `MtmdAddon.load`, CANCELLED, or ENGINE_DIED if the process crashed
 */
export function inspectModel(request: InspectRequest, signal?: AbortSignal): Promise<ModelFacts> {
  const worker = new URL('./inspect-worker.ts', import.meta.url);
  return runInChild(worker, 'model inspection', request, { signal });
}
