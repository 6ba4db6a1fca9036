import { expect, test } from 'vitest';
import { tinyShape, writeRandomLlava } from '../../tools/test/random-llava.ts';
import { vocabulary } from '../../tools/test/random-text.ts';
import { folder, generate, noise, open } from './engine-fixture.ts';

const model = writeRandomLlava(folder, tinyShape);
const engine = await open(model);
const { width } = engine.info.text;
const picture = Float32Array.from(noise(12 * width), (byte) => (byte - 128) / 64);
const question = engine.tokenize('what is open');

test('tokens are the longest pieces, bytes where there is none, and give the text back', () => {
  const tokens = engine.tokenize('the gate is open, é€');
  const pieces = [...tokens].map((token) => vocabulary[token]!.piece);
  expect(pieces).toEqual(['▁the', '▁gate', '▁is', '▁open', '<0x2C>', '▁', 'é', '<0xE2>', '<0x82>', '<0xAC>']);
  const bytes = Buffer.concat([...tokens].map((token) => engine.tokenToPiece(token)));
  expect(bytes.toString()).toBe(' the gate is open, é€');
});

test('special tokens are added and read only if asked for', () => {
  expect(engine.tokenize('', { addSpecial: true })).toEqual(Int32Array.of(1));
  expect(engine.tokenize('</s>', { parseSpecial: true })).toEqual(Int32Array.of(2));
  expect(engine.tokenize('</s>').length).toBeGreaterThan(1);
  expect(engine.isEndOfGeneration(2)).toBe(true);
  expect(engine.isEndOfGeneration(5)).toBe(false);
  expect(engine.tokenToPiece(2)).toHaveLength(0);
  expect(() => engine.tokenToPiece(99_999)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

test('one picture, many questions: a rolled back question leaves no trace', async () => {
  const ask = async (tokens: Int32Array): Promise<number[]> => {
    await engine.decodeTokens(tokens, { logitsLast: true });
    return generate(engine, 8);
  };
  const see = async (): Promise<void> => {
    engine.clear();
    await engine.decodeTokens(engine.tokenize('USER', { addSpecial: true }));
    await engine.decodeEmbeddings(picture);
  };
  await see();
  const afterPicture = engine.position;
  expect(afterPicture).toBe(2 + 12);
  const fresh = await ask(question);
  expect(engine.position).toBe(afterPicture + question.length + 7);
  engine.truncate(afterPicture);
  expect(engine.position).toBe(afterPicture);
  const other = await ask(engine.tokenize('the gate'));
  expect(other).not.toEqual(fresh);
  engine.truncate(afterPicture);
  expect(await ask(question)).toEqual(fresh);
  // The picture is seen: another one gives another answer.
  engine.clear();
  await engine.decodeTokens(engine.tokenize('USER', { addSpecial: true }));
  await engine.decodeEmbeddings(picture.map((value) => -value));
  expect(await ask(question)).not.toEqual(fresh);
  await see();
  expect(await ask(question)).toEqual(fresh);
});

test('how a sequence is cut into batches does not change it', async () => {
  const rows = Float32Array.from(noise(100 * width), (byte) => (byte - 128) / 64);
  const answers: number[][] = [];
  for (const sizes of [
    { batchSize: 2048 },
    { batchSize: 32, ubatchSize: 8 },
    { batchSize: 33, ubatchSize: 33 },
  ]) {
    const other = await open(model, sizes);
    await other.decodeEmbeddings(rows, { logitsLast: true });
    expect(other.position).toBe(100);
    answers.push(await generate(other, 6));
  }
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
});

test('a decode beyond the context is refused before it begins', async () => {
  const small = await open(model, { contextSize: 256 });
  const { contextSize } = small;
  await small.decodeTokens(Int32Array.from({ length: contextSize - 2 }, () => 5));
  await expect(small.decodeTokens(Int32Array.of(5, 6, 7))).rejects.toMatchObject({
    code: 'CONTEXT_FULL',
    message: expect.stringMatching(new RegExp(`${contextSize - 2} .*3 .*${contextSize}`)),
  });
  expect(small.position).toBe(contextSize - 2);
  await small.decodeTokens(Int32Array.of(5, 6), { logitsLast: true });
  await expect(small.step(5)).rejects.toMatchObject({ code: 'CONTEXT_FULL' });
  small.truncate(10);
  await small.decodeTokens(Int32Array.of(5, 6, 7));
});

test('sampling needs logits of the last position', async () => {
  engine.clear();
  const noLogits = expect.objectContaining({ code: 'NO_LOGITS' });
  expect(() => engine.sample()).toThrow(noLogits);
  await engine.decodeTokens(question);
  expect(() => engine.sample()).toThrow(noLogits);
  await engine.decodeTokens(question, { logitsLast: true });
  engine.sample();
  engine.truncate(1);
  expect(() => engine.sample()).toThrow(noLogits);
});

test('generate gives what sample and step give, up to the end or the limit', async () => {
  const prompt = async (): Promise<void> => {
    engine.clear();
    engine.setSampler({ temperature: 0 });
    await engine.decodeTokens(question, { logitsLast: true });
  };
  await prompt();
  const expected: number[] = [];
  for (let token = engine.sample(); !engine.isEndOfGeneration(token); token = await engine.step(token))
    expected.push(token);
  const end = engine.position;
  expect(expected.length).toBeGreaterThan(2);
  await prompt();
  const whole = await engine.generate(100);
  expect([...whole.tokens]).toEqual(expected);
  expect([whole.ended, engine.position]).toEqual([true, end]);
  await prompt();
  const cut = await engine.generate(2);
  expect([...cut.tokens]).toEqual(expected.slice(0, 2));
  // The last token is not decoded.
  expect([cut.ended, engine.position]).toEqual([false, question.length + 1]);
  await prompt();
  const past = await engine.generate(expected.length + 3, { stopAtEnd: false });
  expect([...past.tokens].slice(0, expected.length)).toEqual(expected);
  expect([past.ended, past.tokens.length]).toEqual([false, expected.length + 3]);
});

test('generate can be cancelled, and stops where the context is full', async () => {
  engine.clear();
  await engine.decodeTokens(question, { logitsLast: true });
  const generating = engine.generate(1_000_000, { stopAtEnd: false });
  engine.cancel();
  await expect(generating).rejects.toMatchObject({ code: 'CANCELLED' });
  engine.clear();
  await expect(engine.generate(1)).rejects.toMatchObject({ code: 'NO_LOGITS' });
  await engine.decodeTokens(question, { logitsLast: true });
  const full = engine.generate(1_000_000, { stopAtEnd: false });
  await expect(full).rejects.toMatchObject({ code: 'CONTEXT_FULL' });
});

test('a seed repeats what was sampled, another one does not', async () => {
  const speak = async (seed: number): Promise<number[]> => {
    engine.clear();
    engine.setSampler({ temperature: 1.5, topK: 0, topP: 1, minP: 0, seed });
    await engine.decodeTokens(question, { logitsLast: true });
    const tokens = [engine.sample()];
    while (tokens.length < 12) tokens.push(await engine.step(tokens.at(-1)!));
    return tokens;
  };
  const first = await speak(7);
  expect(await speak(7)).toEqual(first);
  expect(await speak(8)).not.toEqual(first);
});

test('a grammar restricts sampling to its words', async () => {
  engine.clear();
  await engine.decodeTokens(question, { logitsLast: true });
  engine.setSampler({ temperature: 0, grammar: 'root ::= " open" | " closed"' });
  const pieces: Buffer[] = [];
  for (let token = engine.sample(); !engine.isEndOfGeneration(token); token = await engine.step(token)) {
    pieces.push(Buffer.from(engine.tokenToPiece(token)));
  }
  expect([' open', ' closed']).toContain(Buffer.concat(pieces).toString());
  const badGrammar = expect.objectContaining({ code: 'BAD_GRAMMAR' });
  expect(() => engine.setSampler({ grammar: 'other ::= "a"' })).toThrow(badGrammar);
});

test('a penalty keeps a token from being repeated', async () => {
  engine.clear();
  await engine.decodeTokens(question, { logitsLast: true });
  engine.setSampler({ temperature: 0, repeatPenalty: 1000, repeatLastN: 64 });
  const tokens = Array.from({ length: 5 }, () => engine.sample());
  expect(new Set(tokens).size).toBeGreaterThan(1);
  engine.setSampler({ temperature: 0 });
  expect(new Set(Array.from({ length: 5 }, () => engine.sample())).size).toBe(1);
});

test.each([
  ['no tokens', () => engine.decodeTokens(new Int32Array())],
  ['a token outside the vocabulary', () => engine.decodeTokens(Int32Array.of(99_999))],
  ['a negative token', () => engine.step(-1)],
  ['half a row', () => engine.decodeEmbeddings(new Float32Array(width / 2))],
  ['a plain array', () => engine.decodeTokens([1, 2] as unknown as Int32Array)],
])('%s cannot be decoded', async (_, decode) => {
  engine.clear();
  await expect(decode()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(engine.position).toBe(0);
});

test.each([
  ['a position beyond the end', () => engine.truncate(1)],
  ['a negative position', () => engine.truncate(-1)],
  ['a sampler without sense', () => engine.setSampler({ topP: 0 })],
])('%s is refused', (_, call) => {
  engine.clear();
  expect(call).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
