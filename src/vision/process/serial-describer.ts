import type { Description } from '../../domain/observation.ts';
import type { DescribeEvents, DescribeRequest, Describer } from '../../pipeline/ports.ts';
import { TurnQueue, takeTurn, turnRank } from './turn-queue.ts';

/**
 * Gives an engine one picture at a time, when it is ready, so that the deadline of one does not run while others are
 * described. A request that has waited for `maxWaitMs` is rejected before it reaches the engine.
 */
export class SerialDescriber implements Describer {
  readonly #engine: Describer;
  readonly #maxWaitMs: number;
  readonly #turns: TurnQueue;

  /** @param turns shared with others that use this engine */
  constructor(engine: Describer, maxWaitMs: number, turns = new TurnQueue()) {
    this.#engine = engine;
    this.#maxWaitMs = maxWaitMs;
    this.#turns = turns;
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
    events?: DescribeEvents,
  ): Promise<Description> {
    const turn = await takeTurn(this.#turns, turnRank.own, this.#engine, this.#maxWaitMs, signal);
    try {
      return await this.#engine.describe(request, signal, events);
    } finally {
      turn.end();
    }
  }
}
