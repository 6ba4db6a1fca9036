import { setImmediate } from 'node:timers/promises';
import { EngineError } from '../../domain/errors.ts';
import { unlessAborted } from '../../domain/unless-aborted.ts';

/** Who goes first: the board's own cameras and requests, then what it serves to other programs. */
export const turnRank = { own: 0, served: 1 } as const;
export type TurnRank = (typeof turnRank)[keyof typeof turnRank];

interface Waiter {
  readonly rank: TurnRank;
  begin(turn: Turn): void;
}

/** The engine is the holder's until `end`. */
export interface Turn {
  /** Aborts when someone of a higher rank begins to wait. */
  readonly wanted: AbortSignal;
  /** May be called again. */
  end(): void;
}

/** Hands out turns of one engine, or of several that share the cores: by rank, and among equals in the order of arrival. */
export class TurnQueue {
  readonly #waiting: Waiter[] = [];
  #holder: { readonly rank: TurnRank; readonly wanted: AbortController } | null = null;

  /** Waits for a turn. Rejects with `reason()`, by default the signal's, if the signal aborts before. */
  async take(
    rank: TurnRank,
    signal: AbortSignal,
    reason: () => unknown = () => signal.reason,
  ): Promise<Turn> {
    const { promise, resolve } = Promise.withResolvers<Turn>();
    const waiter = { rank, begin: resolve };
    this.#waiting.push(waiter);
    if (this.#holder && rank < this.#holder.rank) this.#holder.wanted.abort();
    this.#next();
    try {
      return await unlessAborted(promise, signal, reason);
    } catch (error) {
      const place = this.#waiting.indexOf(waiter);
      if (place >= 0) this.#waiting.splice(place, 1);
      // It had begun at the same moment.
      else void promise.then((turn) => turn.end());
      throw error;
    }
  }

  #next(): void {
    if (this.#holder || this.#waiting.length === 0) return;
    const first = this.#waiting.reduce((best, each) => (each.rank < best.rank ? each : best));
    this.#waiting.splice(this.#waiting.indexOf(first), 1);
    const holder = { rank: first.rank, wanted: new AbortController() };
    this.#holder = holder;
    first.begin({
      wanted: holder.wanted.signal,
      end: () => {
        if (this.#holder !== holder) return;
        this.#holder = null;
        this.#next();
      },
    });
  }
}

/**
 * Waits until the engine is free and ready. Rejects with an EngineError: BUSY if that takes longer than `maxWaitMs`, CANCELLED
 * if the signal aborts.
 */
export async function takeTurn(
  turns: TurnQueue,
  rank: TurnRank,
  engine: { ready(signal: AbortSignal): Promise<void> },
  maxWaitMs: number,
  signal: AbortSignal,
): Promise<Turn> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), maxWaitMs);
  const ended = AbortSignal.any([signal, late.signal]);
  const why = (): EngineError =>
    signal.aborted
      ? new EngineError('CANCELLED', 'the description was cancelled')
      : new EngineError('BUSY', `the engine was not free within ${maxWaitMs} ms`);
  try {
    for (;;) {
      // Not with a turn: another engine may share them.
      await unlessAborted(engine.ready(ended), ended, why);
      const turn = await turns.take(rank, ended, why);
      if (await isReady(engine, ended)) return turn;
      turn.end();
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the engine can start at once: it may have gone down while it waited for its turn. */
function isReady(
  engine: { ready(signal: AbortSignal): Promise<void> },
  signal: AbortSignal,
): Promise<boolean> {
  const ready = engine.ready(signal).then(
    () => true,
    () => false,
  );
  return Promise.race([ready, setImmediate(false)]);
}
