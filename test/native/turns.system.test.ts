import { beforeEach, expect, test } from 'vitest';
import { answerGrammar } from '../../src/domain/answer-grammar.ts';
import type { SamplerOptions, Turn } from '../../src/vision/native/mtmd-engine.ts';
import { demoEngine } from '../../tools/test/demo-engine.ts';
import { noise, open } from './engine-fixture.ts';

const greedy: SamplerOptions = { temperature: 0 };
const boolean: SamplerOptions = { temperature: 0, grammar: answerGrammar({ kind: 'boolean' }) };
const digit: SamplerOptions = { temperature: 0, grammar: answerGrammar({ kind: 'integer', min: 0, max: 9 }) };

const engine = await open(demoEngine, { contextSize: 1024 });
let prefix: number;

/** A picture of noise, after some text. */
beforeEach(async () => {
  engine.clear();
  const { imageSize } = engine.info.vision;
  await engine.decodeTokens(engine.tokenize('USER: ', { addSpecial: true }));
  await engine.decodeEmbeddings(await engine.encodeTile(noise(imageSize ** 2 * 3)));
  prefix = engine.position;
});

const promptOf = (words: string): Int32Array => engine.tokenize(`\n${words} ASSISTANT:`);
const turns: Turn[] = [
  ['Describe the scene.', greedy, 40],
  ['Is there a red circle?', boolean, 4],
  ['How many shapes are there?', digit, 4],
  ['What colour is the background?', greedy, 8],
].map(([words, sampler, maxTokens]) => ({
  get prompt() {
    return promptOf(words as string);
  },
  sampler: sampler as SamplerOptions,
  maxTokens: maxTokens as number,
}));

async function alone({ prompt, sampler, maxTokens }: Turn): Promise<{ tokens: number[]; ended: boolean }> {
  engine.setSampler(sampler);
  await engine.decodeTokens(prompt, { logitsLast: true });
  const { tokens, ended } = await engine.generate(maxTokens);
  engine.truncate(prefix);
  return { tokens: [...tokens], ended };
}

const allAlone = async (): Promise<{ tokens: number[]; ended: boolean }[]> => {
  const results = [];
  for (const turn of turns) results.push(await alone(turn));
  return results;
};

test('turns that run side by side give what each gives alone, and leave the sequence as it was', async () => {
  const expected = await allAlone();
  for (let round = 0; round < 2; round++) {
    const { turns: results, prefillMs, generateMs } = await engine.runTurns(turns);
    expect(results.map(({ tokens, ended }) => ({ tokens: [...tokens], ended }))).toEqual(expected);
    expect([prefillMs > 0, generateMs > 0, engine.position]).toEqual([true, true, prefix]);
  }
  expect(await allAlone()).toEqual(expected);
});

test.each([
  ['right', (tokens: number[]) => tokens],
  ['cut short', (tokens: number[]) => tokens.slice(0, tokens.length / 2)],
  ['wrong in one place', (tokens: number[]) => tokens.with(3, 5)],
  ['with a token too many', (tokens: number[]) => tokens.toSpliced(4, 0, 7, 8)],
  ['without a token', (tokens: number[]) => tokens.toSpliced(4, 1)],
  ['of other tokens', (tokens: number[]) => tokens.map(() => 9)],
  ['longer than the answer', (tokens: number[]) => [...tokens, ...tokens]],
])('a draft that is %s changes nothing but the speed', async (how, change) => {
  const [expected] = await allAlone();
  expect(expected!.tokens.length).toBeGreaterThan(8);
  const draft = Int32Array.from(change(expected!.tokens));
  const { turns: results } = await engine.runTurns([{ ...turns[0]!, prompt: turns[0]!.prompt, draft }]);
  const { tokens, ended, drafted, accepted } = results[0]!;
  expect({ tokens: [...tokens], ended }).toEqual(expected);
  expect(accepted).toBeLessThanOrEqual(drafted);
  // Each batch gives a token more than it verifies.
  if (how === 'right') expect(accepted).toBeGreaterThanOrEqual(expected!.tokens.length - 4);
  if (how === 'of other tokens') expect([drafted > 0, accepted]).toEqual([true, 0]);
  // Not only the four before the fault: the draft goes on behind it.
  if (how.startsWith('with')) expect(accepted).toBeGreaterThan(4);
});

test('the probability of an answer is the product of its tokens among those that the grammar allows', async () => {
  const { turns: results } = await engine.runTurns(
    [boolean, digit].map((sampler) => ({
      prompt: promptOf('Is it?'),
      sampler,
      maxTokens: 4,
      wantsProbability: true,
    })),
  );
  // Drawn with a temperature of 1, an answer comes as often as it is probable.
  for (const [index, sampler] of [boolean, digit].entries()) {
    const draws = 2000;
    let same = 0;
    const chosen = [...results[index]!.tokens].join();
    for (let seed = 0; seed < draws; seed++) {
      const drawn = { ...sampler, temperature: 1, topK: 0, topP: 1, minP: 0, seed };
      const { tokens } = await alone({ prompt: promptOf('Is it?'), sampler: drawn, maxTokens: 4 });
      if ([...tokens].join() === chosen) same++;
    }
    const { probability } = results[index]!;
    const deviation = Math.sqrt((probability * (1 - probability)) / draws);
    expect(Math.abs(same / draws - probability)).toBeLessThanOrEqual(4 * deviation + 1 / draws);
  }
}, 120_000);

test('what does not fit is refused before anything is decoded', async () => {
  const tooMany = { prompt: promptOf('Describe.'), sampler: greedy, maxTokens: engine.freeCells };
  await expect(engine.runTurns([tooMany])).rejects.toMatchObject({ code: 'CONTEXT_FULL' });
  const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
  await expect(engine.runTurns([])).rejects.toEqual(invalid);
  await expect(engine.runTurns([{ ...tooMany, prompt: new Int32Array() }])).rejects.toEqual(invalid);
  const one = { prompt: promptOf('Is it?'), sampler: greedy, maxTokens: 1 };
  const crowd = Array.from({ length: engine.maxTurns + 1 }, () => one);
  await expect(engine.runTurns(crowd)).rejects.toEqual(invalid);
  expect(engine.position).toBe(prefix);
  expect((await engine.runTurns(crowd.slice(1))).turns).toHaveLength(engine.maxTurns);
});

test('a cancel ends all turns, and the sequence is as before', async () => {
  const running = engine.runTurns(turns);
  engine.cancel();
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(engine.position).toBe(prefix);
  expect((await engine.runTurns(turns)).turns).toHaveLength(turns.length);
});
