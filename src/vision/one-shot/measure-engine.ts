import type { EngineOptions } from '../process/protocol.ts';
import { runInChild } from './one-shot-child.ts';

export interface MeasureRequest {
  readonly engine: EngineOptions;
  /** Tokens that are prefilled in one call, and generated. */
  readonly prefillTokens: number;
  readonly decodeTokens: number;
}

/** How fast an engine ran. */
export interface EngineRates {
  /** Milliseconds for one square picture of the encoder; 0 where libmtmd lays pictures out. */
  readonly encodeMs: number;
  /** Tokens a second. */
  readonly prefill: number;
  readonly decode: number;
}

/**
 * Loads the engine in a process of its own, as the daemon would, and measures it.
 * @throws EngineError: the codes of `MtmdAddon.load`, CANCELLED, or ENGINE_DIED
 */
export function measureEngine(request: MeasureRequest, signal?: AbortSignal): Promise<EngineRates> {
  const worker = new URL('./measure-worker.ts', import.meta.url);
  return runInChild(worker, 'the engine that is measured', request, { signal, cpus: request.engine.cpus });
}
