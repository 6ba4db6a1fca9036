import { setTimeout as sleep } from 'node:timers/promises';
import type { ChatReply, ChatRequest } from '../../src/domain/chat.ts';
import type { ChatEngine, ChatEvents } from '../../src/pipeline/ports.ts';

/** An engine that says the same to everything, in pieces, after some time. */
export class FakeChat implements ChatEngine {
  readonly asked: ChatRequest[] = [];
  cancelled = 0;
  fault: Error | null = null;
  pieces = ['a red', ' square'];
  ms: number;

  constructor(ms = 0) {
    this.ms = ms;
  }

  async chat(request: ChatRequest, signal: AbortSignal, events: ChatEvents = {}): Promise<ChatReply> {
    this.asked.push(request);
    const wait = (ms: number): Promise<void> =>
      sleep(ms, undefined, { signal }).catch((error: unknown) => {
        this.cancelled++;
        throw error;
      });
    await wait(this.ms);
    if (this.fault) throw this.fault;
    events.onGenerating?.();
    for (const piece of events.onText ? this.pieces : []) {
      events.onText?.(piece);
      await wait(this.ms / 10);
    }
    return {
      text: this.pieces.join(''),
      finishReason: 'stop',
      timings: { packMs: 1, encodeMs: 2, prefillMs: 3, generateMs: 4 },
      tokens: { image: 100, prompt: 20, completion: 7 },
      model: { name: 'fake', quant: 'F16', build: 'b1' },
    };
  }
}
