import type { EngineFacts, InspectEngineRequest } from './inspect-engine-request.ts';
import { runInChild } from './one-shot-child.ts';

/**
 * Loads the engine in a process of its own and reports which CPU module it uses.
 * @throws EngineError: the codes of `MtmdAddon.load`, CANCELLED, or ENGINE_DIED if the process crashed
 */
export function inspectEngine(request: InspectEngineRequest, signal?: AbortSignal): Promise<EngineFacts> {
  const worker = new URL('./inspect-engine-worker.ts', import.meta.url);
  return runInChild(worker, 'engine inspection', request, { signal });
}
