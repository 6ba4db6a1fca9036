import type { MtmdInfo } from '../native/mtmd-info.ts';

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
