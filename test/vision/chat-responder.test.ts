import { expect, test } from 'vitest';
import { ChatResponder } from '../../src/vision/chat-responder.ts';
import type { MtmdEngine } from '../../src/vision/native/mtmd-engine.ts';
import { pictureLineFirst } from '../../src/vision/prompt/chat-families.ts';

const never = new AbortController().signal;

/** An engine whose tokens are letters, and which says a text. */
function engineSaying(text: string): MtmdEngine {
  const letters = [...text].map((letter) => letter.codePointAt(0)!);
  const engine = {
    freeCells: 1000,
    applyChatTemplate: (messages: readonly { content: string }[]) =>
      messages.map(({ content }) => content).join(''),
    tokenize: (words: string) => Int32Array.from(words, (letter) => letter.codePointAt(0)!),
    tokenToPiece: (token: number) => Buffer.from(String.fromCodePoint(token)),
    decodeTokens: async () => {},
    setSampler: () => {},
    generate: async (max: number) => {
      const tokens = Int32Array.from(letters.splice(0, max));
      return { tokens, ended: letters.length === 0 };
    },
  };
  return engine as unknown as MtmdEngine;
}

async function reply(text: string, inPieces: boolean): Promise<{ text: string; pieces: string[] }> {
  const encoder = { encode: () => Promise.reject(new Error('no picture')), prefill: async () => 1 };
  const model = { name: 'letters', quant: '', build: '' };
  const responder = new ChatResponder(
    engineSaying(text),
    { maxTokens: 500, temperature: 0 },
    model,
    encoder,
    {
      jinja: '',
      arrange: pictureLineFirst,
    },
  );
  const pieces: string[] = [];
  const request = {
    messages: [{ role: 'user', text: 'Hi' } as const],
    ...{ maxTokens: null, sampling: {}, grammar: null },
  };
  const answered = await responder.respond(
    request,
    never,
    inPieces ? { onText: (piece) => pieces.push(piece) } : {},
  );
  return { text: answered.text, pieces };
}

test.each([
  ['a plain text', ' A gate, and a fence.', 'A gate, and a fence.'],
  ['thinking', '<think>\nA gate? a < b\n</think>\n\nA gate.', 'A gate.'],
  ['thinking that the prompt has begun', 'It is a gate.</think>A gate.', 'A gate.'],
  ['what only looks like it', 'a < b, <thin> and <b>', 'a < b, <thin> and <b>'],
  ['letters of several bytes', 'Ein Zaun — größer 🚪', 'Ein Zaun — größer 🚪'],
])('of %s the reply has only what is said', async (_, said, text) => {
  expect((await reply(said, false)).text).toBe(text);
});

test.each([
  [' A gate, and a fence.', 'A gate, and a fence.'],
  ['<think>\nA gate? a < b\n</think>\n\nA gate.', 'A gate.'],
  ['a < b, <thin> and <b>', 'a < b, <thin> and <b>'],
  ['Ein Zaun — größer 🚪', 'Ein Zaun — größer 🚪'],
])('in pieces, %j never shows what is thought', async (said, text) => {
  const { text: whole, pieces } = await reply(said, true);
  expect(whole).toBe(text);
  expect(pieces.join('')).toBe(text);
  expect(pieces.length).toBeGreaterThan(1);
});
