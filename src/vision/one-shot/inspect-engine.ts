import type { MtmdInfo } from '../native/addon.ts';
import { runInChild } from './one-shot-child.ts';

export interface InspectEngineRequest {
  /** Any model that can be loaded: what the engine says of itself it says once it has one. */
  readonly textPath: string;
  readonly mmprojPath: string;
  /** As in EngineOptions. */
  readonly cpuModule: string | null;
}

/** The engine as it is on this machine. */
export interface EngineFacts extends Pick<MtmdInfo, 'cpu' | 'build'> {
  /** Why the CPU module that was asked for is not the one in use; null where it is, or none was asked for. */
  readonly failure: string | null;
}

/**
 * Loads the engine in a process of its own, and tells which CPU module it uses.
 * @throws EngineError: the codes of `MtmdAddon.load`, CANCELLED, or ENGINE_DIED where the process ended itself
 */
export function inspectEngine(request: InspectEngineRequest, signal?: AbortSignal): Promise<EngineFacts> {
  const worker = new URL('./inspect-engine-worker.ts', import.meta.url);
  return runInChild(worker, 'the engine', request, { signal });
}
