import { nativeJpegBlocks } from '../../../src/camera/jpeg-blocks.ts';
import { SceneGate } from '../../../src/gate/scene-gate.ts';
import type { Contender, Job, Reading } from './contender.ts';

const nothing = { encodeMs: 0, prefillMs: 0, generateMs: 0, promptTokens: 0, completionTokens: 0 } as const;

/** Describes only pictures that the daemon's gate finds changed. */
export class Gated implements Contender {
  readonly #inner: Contender;
  readonly #gate: SceneGate;
  #texts: readonly string[] | null = null;

  constructor(inner: Contender) {
    this.#inner = inner;
    const silent = { debug() {}, info() {}, warn() {}, error() {} };
    this.#gate = new SceneGate({ sensitivity: 50, ignore: [], lightGuard: true }, nativeJpegBlocks(silent));
  }

  get pid(): number {
    return this.#inner.pid;
  }

  async describe(job: Job): Promise<Reading> {
    const start = performance.now();
    const look = await this.#gate.look({ size: job.size, bytes: job.jpeg });
    if (this.#texts && !look.compare().changed) {
      const totalMs = performance.now() - start;
      return {
        ...nothing,
        ...{ totalMs, restMs: totalMs, draftedTokens: 0, acceptedTokens: 0, texts: this.#texts },
      };
    }
    const gateMs = performance.now() - start;
    const reading = await this.#inner.describe(job);
    look.described();
    this.#texts = reading.texts;
    return { ...reading, totalMs: reading.totalMs + gateMs, restMs: reading.restMs + gateMs };
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
