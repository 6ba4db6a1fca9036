import { KernelFiles } from '../../../src/board/kernel-files.ts';
import { readProcessMemory } from '../../../src/board/process-memory.ts';
import type { Size } from '../../../src/domain/frame.ts';

/** One picture to describe, and questions about it. */
export interface Job {
  readonly jpeg: Uint8Array;
  readonly size: Size;
  readonly prompt: string;
  readonly questions: readonly string[];
  /** Scenecast drafts from the last answer of the same camera; a new name for each picture turns drafts off. */
  readonly camera: string;
}

/** What one job took. Stages add up to `totalMs`. */
export interface Reading {
  /** From the request to the complete answer, as the caller sees it. */
  readonly totalMs: number;
  readonly encodeMs: number;
  readonly prefillMs: number;
  readonly generateMs: number;
  /** Transport, JPEG decoding, resizing and cutting. */
  readonly restMs: number;
  /** Text and picture, as prefilled; tokens reused from a cache are not counted. */
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly draftedTokens: number;
  readonly acceptedTokens: number;
  /** The description, then the answers. */
  readonly texts: readonly string[];
}

/** A running engine with a loaded model: Scenecast's or a peer's. */
export interface Contender {
  describe(job: Job): Promise<Reading>;
  readonly pid: number;
  close(): Promise<void>;
}

/** A process's peak of resident memory (VmHWM), or what it has now (VmRSS). */
export async function memoryBytesOf(pid: number, field: 'VmHWM' | 'VmRSS'): Promise<number> {
  const bytes = await readProcessMemory(new KernelFiles('/'), pid, field);
  if (bytes === null) throw new Error(`process ${pid} has exited`);
  return bytes;
}
