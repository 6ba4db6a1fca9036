import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ChatReply, ChatRequest } from '../../../src/domain/chat.ts';
import type { ChatEngine, ChatEvents } from '../../../src/pipeline/ports.ts';
import { SerialDescriber } from '../../../src/vision/process/serial-describer.ts';
import { TurnQueue } from '../../../src/vision/process/turn-queue.ts';
import { YieldingChat } from '../../../src/vision/process/yielding-chat.ts';
import { FakeEngine } from '../../pipeline/fixture.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new AbortController().signal;
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

/** Prefills for 100 ms, then generates for 100 ms. */
class FakeChat implements ChatEngine {
  /** What happened, in order. */
  readonly log: string[] = [];
  ready = async (): Promise<void> => {};

  async chat(
    { messages }: ChatRequest,
    signal: AbortSignal,
    { onGenerating }: ChatEvents = {},
  ): Promise<ChatReply> {
    const name = messages[0]!.text;
    this.log.push(`begin ${name}`);
    for (const step of ['generating', 'done']) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (signal.aborted) {
        this.log.push(`stop ${name}`);
        throw new Error('cancelled');
      }
      if (step === 'generating') onGenerating?.();
    }
    this.log.push(`end ${name}`);
    return { text: name } as ChatReply;
  }
}

function partsOf(maxWaitMs = 100_000) {
  const turns = new TurnQueue();
  const [engine, chat] = [new FakeEngine(100), new FakeChat()];
  const describer = new SerialDescriber(engine, maxWaitMs, turns);
  const served = new YieldingChat(chat, turns, maxWaitMs);
  const describe = (): Promise<unknown> => {
    chat.log.push('camera waits');
    return describer
      .describe(
        { picture: { bytes: Uint8Array.of(1), size: { width: 1, height: 1 } }, prompt: '', questions: [] },
        never,
      )
      .then(() => chat.log.push('camera done'));
  };
  const ask = (text: string, signal = never): Promise<ChatReply> =>
    served.chat({ messages: [{ role: 'user', text }], maxTokens: null, sampling: {}, grammar: null }, signal);
  return { describe, ask, log: chat.log };
}

test('a frame of a camera goes before conversations that wait', async () => {
  const { describe, ask, log } = partsOf();
  const all = [describe(), ask('a'), ask('b')];
  await pass(50);
  all.push(describe());
  await pass(1000);
  await Promise.all(all);
  expect(log).toEqual([
    ...['camera waits', 'camera waits', 'camera done', 'camera done'],
    ...['begin a', 'end a', 'begin b', 'end b'],
  ]);
});

test('a frame interrupts a conversation until text is generated, and it is begun again', async () => {
  const { describe, ask, log } = partsOf();
  const all: Promise<unknown>[] = [ask('a')];
  await pass(50);
  all.push(describe());
  await pass(1000);
  await Promise.all(all);
  expect(log).toEqual(['begin a', 'camera waits', 'stop a', 'camera done', 'begin a', 'end a']);
});

test('once text is generated, the frame waits', async () => {
  const { describe, ask, log } = partsOf();
  const all: Promise<unknown>[] = [ask('a')];
  await pass(150);
  all.push(describe());
  await pass(1000);
  await Promise.all(all);
  expect(log).toEqual(['begin a', 'camera waits', 'end a', 'camera done']);
});

test('frames do not interrupt one conversation for ever', async () => {
  const { describe, ask, log } = partsOf();
  const all: Promise<unknown>[] = [ask('a')];
  for (let frame = 0; frame < 4; frame++) {
    await pass(50);
    all.push(describe());
    await pass(150);
  }
  await pass(2000);
  await Promise.all(all);
  expect(log.filter((line) => line === 'stop a')).toHaveLength(2);
  expect(log.filter((line) => line === 'camera done')).toHaveLength(4);
  expect(log).toContain('end a');
});

test('a conversation that is cancelled while it waits never begins, and the next one does', async () => {
  const { describe, ask, log } = partsOf();
  const all: Promise<unknown>[] = [describe()];
  const stop = new AbortController();
  const cancelled = expect(ask('a', stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
  all.push(ask('b'));
  await pass(10);
  stop.abort();
  await cancelled;
  await pass(1000);
  await Promise.all(all);
  expect(log).toEqual(['camera waits', 'camera done', 'begin b', 'end b']);
});

test('one that waits too long is refused', async () => {
  const { describe, ask } = partsOf(50);
  const described = describe();
  const busy = expect(ask('a')).rejects.toMatchObject({ code: 'BUSY' });
  await pass(60);
  await busy;
  await pass(100);
  await described;
});
