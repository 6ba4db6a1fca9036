import type { ChatReply, ChatRequest } from '../../domain/chat.ts';
import type { ChatEngine, ChatEvents } from '../../pipeline/ports.ts';
import { type TurnQueue, takeTurn, turnRank } from './turn-queue.ts';

interface Engine extends ChatEngine {
  ready(signal: AbortSignal): Promise<void>;
}

/** How often the board's own frames may interrupt one conversation: a busy board would otherwise restart it for ever. */
const maxInterruptions = 2;

/**
 * Gives other programs the engine while the board's own cameras do not need it: each of their frames goes before every
 * conversation that waits, and interrupts one of which nothing has been generated yet. That one waits again.
 */
export class YieldingChat implements ChatEngine {
  readonly #engine: Engine;
  readonly #turns: TurnQueue;
  readonly #maxWaitMs: number;

  /** @param turns those of the board's own descriptions too */
  constructor(engine: Engine, turns: TurnQueue, maxWaitMs: number) {
    this.#engine = engine;
    this.#turns = turns;
    this.#maxWaitMs = maxWaitMs;
  }

  /** Rejects with an EngineError: BUSY if the engine was not free in time, else the engine's own. */
  async chat(request: ChatRequest, signal: AbortSignal, events: ChatEvents = {}): Promise<ChatReply> {
    for (let interruptions = 0; ; interruptions++) {
      const turn = await takeTurn(this.#turns, turnRank.served, this.#engine, this.#maxWaitMs, signal);
      const interruption = new AbortController();
      const interrupt = (): void => interruption.abort();
      const keep = (): void => turn.wanted.removeEventListener('abort', interrupt);
      if (interruptions < maxInterruptions) turn.wanted.addEventListener('abort', interrupt);
      if (interruptions < maxInterruptions && turn.wanted.aborted) interrupt();
      try {
        return await this.#engine.chat(request, AbortSignal.any([signal, interruption.signal]), {
          onText: events.onText,
          onGenerating: () => {
            keep();
            events.onGenerating?.();
          },
        });
      } catch (error) {
        if (!interruption.signal.aborted || signal.aborted) throw error;
      } finally {
        keep();
        turn.end();
      }
    }
  }
}
