import type { MtmdInfo } from '../native/mtmd-info.ts';

export interface InspectEngineRequest {
  /** Any model that can be loaded: the engine reports its CPU only with one. */
  readonly textPath: string;
  readonly mmprojPath: string;
  /** As in EngineOptions. */
  readonly cpuModule: string | null;
}

/** The engine on this machine. */
export interface EngineFacts extends Pick<MtmdInfo, 'cpu' | 'build'> {
  /** Why the requested CPU module is not in use; null if it is, or if none was requested. */
  readonly failure: string | null;
}
