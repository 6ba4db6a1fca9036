import type { EngineRates, MeasureRequest } from './measure-request.ts';
import { runInChild } from './one-shot-child.ts';

/**
 * Loads the engine in a process of its own, as the daemon does, and measures its speed.
 * @throws EngineError: the codes of `MtmdAddon.load`, CANCELLED, or ENGINE_DIED
 */
export function measureEngine(request: MeasureRequest, signal?: AbortSignal): Promise<EngineRates> {
  const worker = new URL('./measure-worker.ts', import.meta.url);
  return runInChild(worker, 'engine measurement', request, { signal, cpus: request.engine.cpus });
}
