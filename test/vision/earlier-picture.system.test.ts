import { expect, test } from 'vitest';
import { changeQuestion, comparisonQuestion } from '../../src/domain/change-question.ts';
import type { Picture } from '../../src/domain/frame.ts';
import type { Description } from '../../src/domain/observation.ts';
import type { DescribeRequest } from '../../src/pipeline/ports.ts';
import type { MtmdEngine, PictureInput, PictureTokens, Turn } from '../../src/vision/native/mtmd-engine.ts';
import { PictureDescriber } from '../../src/vision/picture-describer.ts';
import { type Projector, writeRandomModel } from '../../tools/test/random-projectors.ts';
import { folder, noise, open } from '../native/engine-fixture.ts';

// Random weights say nothing of a change, but what they say depends on everything that they are shown. That two pictures are shown
// as trained is compared with llama-mtmd-cli in test/native/peer.system.test.ts.

const never = new AbortController().signal;
const size = { width: 120, height: 90 };
const pictureOf = (seed: number): Picture => ({
  size,
  pixels: 'rgb24',
  bytes: noise(size.width * size.height * 3, seed),
});
const [fresh, earlier, other] = [pictureOf(3), pictureOf(8), pictureOf(21)];
const previous = 'a gate';
const request: DescribeRequest = { picture: fresh, prompt: 'what is open', questions: [] };
const alone = { previous, ask: changeQuestion(previous) };
const besides = (picture: Picture, text = previous) => ({
  previous: text,
  ask: changeQuestion(text),
  earlier: { picture, ask: comparisonQuestion(text) },
});

/** What an engine was shown, in order: a picture's bytes, or words. */
type Shown = Uint8Array | string;

async function watched(projector: Projector, contextSize = 2048) {
  const loaded = await open(writeRandomModel(folder, projector), { contextSize });
  const shown: Shown[] = [];
  const engine = new Proxy(loaded, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (name === 'decodePicture') shown.push((args[0] as PictureInput).rgb);
        if (name === 'decodeTokens') shown.push(textOf(target, args[0] as Int32Array));
        if (name === 'runTurns')
          shown.push(...(args[0] as Turn[]).map(({ prompt }) => textOf(target, prompt)));
        const result = value.apply(target, args);
        return name === 'decodePicture' ? result.then(withTimes) : result;
      };
    },
  });
  const options = { maxTokens: 24, temperature: 0, chatTemplate: null, detail: 'full' } as const;
  const describer = new PictureDescriber(engine, options, { name: 'random', quant: '', build: '' });
  const describe = (change: DescribeRequest['change']): Promise<Description> => {
    shown.length = 0;
    return describer.describe({ ...request, ...(change && { change }) }, never);
  };
  return { describe, shown };
}

/** Times of a picture that add up to what can be told. */
function withTimes(tokens: PictureTokens): PictureTokens {
  return { ...tokens, encodeMs: -1000 };
}

function textOf(engine: MtmdEngine, tokens: Int32Array): string {
  const bytes = Buffer.concat(Array.from(tokens, (token) => engine.tokenToPiece(token)));
  return bytes.toString('utf8').replace(/\s+/g, ' ');
}

test.each<Projector>(['qwen2.5vl_merger', 'qwen3vl_merger', 'idefics3', 'gemma3', 'internvl', 'pixtral'])(
  '%s is shown the new picture and its description, then the earlier one, with words that say which is which',
  async (projector) => {
    const { describe, shown } = await watched(projector);
    const plain = await describe(undefined);
    const compared = await describe(besides(earlier));
    expect(compared.text).toBe(plain.text);
    expect(compared.change).toMatch(/\S/);
    const [first, described, conversation, second, asked, ...more] = shown;
    expect(more).toEqual([]);
    expect([first === fresh.bytes, second === earlier.bytes]).toEqual([true, true]);
    expect(described).toContain('what is open');
    expect(conversation).toContain('what is open');
    expect(conversation!.length).toBeGreaterThan(described!.length);
    expect(asked).toMatch(/second picture is an earlier one .* "a gate" The first picture is the new one/);
    expect(compared.tokens.image).toBe(2 * plain.tokens.image);
    expect(compared.tokens.prompt).toBeGreaterThan(2 * plain.tokens.prompt);
    expect([plain.timings.encodeMs, compared.timings.encodeMs]).toEqual([-1000, -2000]);
    // What it says depends on the earlier picture, and not on one that it was shown before.
    const again = await describe(besides(other));
    expect(again.text).toBe(plain.text);
    expect(again.change).not.toBe(compared.change);
    expect((await describe(besides(earlier))).change).toBe(compared.change);
  },
);

test.each<Projector>(['mlp', 'lfm2', 'resampler', 'gemma4v'])(
  '%s was not trained with several pictures: it gets the descriptions alone',
  async (projector) => {
    const { describe, shown } = await watched(projector);
    const { change, tokens } = await describe(alone);
    const both = await describe(besides(earlier));
    expect([both.change, both.tokens.image]).toEqual([change, tokens.image]);
    expect(shown.includes(earlier.bytes)).toBe(false);
  },
);

test('without room for both pictures the descriptions are compared, without room for them nothing, and no context overflows', async () => {
  const { describe, shown } = await watched('pixtral', 768);
  const plain = await describe(undefined);
  const wayOf = async (words: number): Promise<'pictures' | 'descriptions' | 'nothing'> => {
    const text = 'gate '.repeat(words);
    const described = await describe(besides(earlier, text));
    expect(described.text).toBe(plain.text);
    if (described.change === undefined) return 'nothing';
    if (shown.includes(earlier.bytes)) return 'pictures';
    const { change, tokens } = await describe({ previous: text, ask: changeQuestion(text) });
    expect([described.change, described.tokens.image]).toEqual([change, tokens.image]);
    return 'descriptions';
  };
  /** The first way after `way`, right where the words become too many for it. */
  const wayAfter = async (way: string): Promise<string> => {
    let [fits, tooMany] = [1, 1024];
    while (tooMany - fits > 1) {
      const words = Math.floor((fits + tooMany) / 2);
      const found = await wayOf(words);
      if (found === way || (way === 'descriptions' && found === 'pictures')) fits = words;
      else tooMany = words;
    }
    return wayOf(tooMany);
  };
  expect(await wayOf(1)).toBe('pictures');
  expect(await wayAfter('pictures')).toBe('descriptions');
  expect(await wayAfter('descriptions')).toBe('nothing');
});
