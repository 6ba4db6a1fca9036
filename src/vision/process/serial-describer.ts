import { EngineError } from '../../domain/errors.ts';
import type { Description } from '../../domain/observation.ts';
import { unlessAborted } from '../../domain/unless-aborted.ts';
import type { DescribeRequest, Describer } from '../../pipeline/ports.ts';

/**
 * Gives an engine one picture at a time, when it is ready, so that the deadline of one does not run while others are
 * described. A request that has waited for `maxWaitMs` is rejected before it reaches the engine.
 */
export class SerialDescriber implements Describer {
  readonly #engine: Describer;
  readonly #maxWaitMs: number;
  /** Resolves when all earlier requests are done. */
  #free: Promise<void> = Promise.resolve();

  constructor(engine: Describer, maxWaitMs: number) {
    this.#engine = engine;
    this.#maxWaitMs = maxWaitMs;
  }

  get isInterruptible(): boolean {
    return this.#engine.isInterruptible ?? false;
  }

  ready(signal: AbortSignal): Promise<void> {
    return this.#engine.ready(signal);
  }

  /** Rejects with an EngineError: BUSY if the engine was not free in time, else the engine's own. */
  async describe(
    request: DescribeRequest,
    signal: AbortSignal,
    onGenerating?: () => void,
  ): Promise<Description> {
    const before = this.#free;
    const { promise: over, resolve: leave } = Promise.withResolvers<void>();
    this.#free = before.then(() => over);
    try {
      await this.#turn(before, signal);
      return await this.#engine.describe(request, signal, onGenerating);
    } finally {
      leave();
    }
  }

  async #turn(before: Promise<void>, signal: AbortSignal): Promise<void> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), this.#maxWaitMs);
    const ended = AbortSignal.any([signal, late.signal]);
    const why = (): EngineError =>
      signal.aborted
        ? new EngineError('CANCELLED', 'the description was cancelled')
        : new EngineError('BUSY', `the engine was not free within ${this.#maxWaitMs} ms`);
    try {
      await unlessAborted(
        before.then(() => this.#engine.ready(ended)),
        ended,
        why,
      );
    } finally {
      clearTimeout(timer);
    }
  }
}
