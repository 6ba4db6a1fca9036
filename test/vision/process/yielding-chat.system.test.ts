import { setImmediate } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { EngineClient } from '../../../src/vision/process/engine-client.ts';
import { SerialDescriber } from '../../../src/vision/process/serial-describer.ts';
import { TurnQueue } from '../../../src/vision/process/turn-queue.ts';
import { YieldingChat } from '../../../src/vision/process/yielding-chat.ts';
import { demoChat as chat, demoEngine, demoRequest } from '../../../tools/test/demo-engine.ts';
import { LogLines } from '../../../tools/test/log-lines.ts';

const engine = new EngineClient({ engine: demoEngine, deadlineMs: 60_000, log: new LogLines() });
await engine.start();
afterAll(() => engine.close());

const never = new AbortController().signal;

test('a frame stops a conversation within the engine; both say what they would have said alone', async () => {
  const turns = new TurnQueue();
  const describer = new SerialDescriber(engine, 60_000, turns);
  const served = new YieldingChat(engine, turns, 60_000);
  const alone = await describer.describe(demoRequest, never);
  const order: string[] = [];
  const chatting = served.chat(chat, never, { onGenerating: () => order.push('generating') });
  await setImmediate();
  const described = describer.describe(demoRequest, never).then((description) => {
    order.push('described');
    return description;
  });
  expect((await chatting).text).toBe(alone.text);
  expect((await described).text).toBe(alone.text);
  expect(order).toEqual(['described', 'generating']);
});
