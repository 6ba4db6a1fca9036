import { readFileSync } from 'node:fs';
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

/** A process's peak of resident memory (VmHWM). */
export function peakBytesOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}
