import { afterAll, expect, test } from 'vitest';
import { EngineClient } from '../../src/vision/process/engine-client.ts';
import { demoChat as chat, demoEngine, demoRequest } from '../../tools/test/demo-engine.ts';
import { LogLines } from '../../tools/test/log-lines.ts';

const engine = new EngineClient({ engine: demoEngine, deadlineMs: 60_000, log: new LogLines() });
await engine.start();
afterAll(() => engine.close());

const never = new AbortController().signal;

test('a conversation with one message is a description', async () => {
  const { text, tokens, finishReason, model } = await engine.describe(demoRequest, never);
  const reply = await engine.chat(chat, never);
  expect(reply).toMatchObject({ text, finishReason, model });
  expect(reply.tokens).toEqual({
    image: tokens.image,
    prompt: tokens.prompt,
    completion: tokens.completion,
  });
});

test('in pieces it is the same text', async () => {
  const whole = await engine.chat(chat, never);
  const pieces: string[] = [];
  let generating = 0;
  const reply = await engine.chat(chat, never, {
    onText: (text) => pieces.push(text),
    onGenerating: () => generating++,
  });
  expect(reply.text).toBe(whole.text);
  expect(pieces.join('').trimEnd()).toBe(whole.text);
  expect(pieces.length).toBeGreaterThan(3);
  expect(generating).toBe(1);
  expect(reply.tokens).toEqual(whole.tokens);
});

test('a limit cuts it, and the engine has a limit of its own', async () => {
  const cut = await engine.chat({ ...chat, maxTokens: 5 }, never);
  expect(cut).toMatchObject({ finishReason: 'length', tokens: { completion: 5 } });
  const long = await engine.chat({ ...chat, maxTokens: 4000, grammar: 'root ::= "a"{400}' }, never);
  expect(long).toMatchObject({ finishReason: 'length', tokens: { completion: demoEngine.maxTokens } });
});

test('a grammar holds it to its texts', async () => {
  const { text } = await engine.chat({ ...chat, grammar: 'root ::= " "? ("north" | "south")' }, never);
  expect(['north', 'south']).toContain(text);
  await expect(engine.chat({ ...chat, grammar: 'root ::= (' }, never)).rejects.toMatchObject({
    code: 'BAD_GRAMMAR',
  });
});

test('conversations without a picture leave the next description as it was', async () => {
  const before = await engine.describe(demoRequest, never);
  for (const text of [
    'Hi',
    'A much longer message than the text before a picture would be, by far. '.repeat(8),
  ]) {
    const { tokens } = await engine.chat(
      {
        ...chat,
        messages: [
          { role: 'system', text: 'Be kind.' },
          { role: 'user', text },
        ],
      },
      never,
    );
    expect(tokens.image).toBe(0);
    expect(tokens.prompt).toBeGreaterThan(0);
    expect((await engine.describe(demoRequest, never)).text).toBe(before.text);
  }
});

test('one that does not fit the context is refused before anything is generated', async () => {
  const messages = [{ role: 'user', text: 'words '.repeat(20_000) }] as const;
  await expect(engine.chat({ ...chat, messages }, never)).rejects.toMatchObject({ code: 'CONTEXT_FULL' });
});

test('it can be cancelled, and the engine goes on', async () => {
  const stop = new AbortController();
  const cancelled = engine.chat(chat, stop.signal);
  stop.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
  expect((await engine.chat(chat, never)).text).not.toBe('');
});
