import { expect, test } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { changeQuestion } from '../../src/domain/change-question.ts';
import type { DescribeRequest } from '../../src/pipeline/ports.ts';
import type { MtmdEngine, Turn } from '../../src/vision/native/mtmd-engine.ts';
import { PictureDescriber } from '../../src/vision/picture-describer.ts';
import { demoEngine } from '../../tools/test/demo-engine.ts';
import { open } from '../native/engine-fixture.ts';

// At the engine's edge: the demo model knows single captions only, so what it says of a change is not judged.

const never = new AbortController().signal;
const size = { width: 640, height: 480 };
const picture = { size, bytes: await drawScene(sampleScene(900_001, size)) };
const previous = 'a large blue square on the left and a small red circle.';
const request: DescribeRequest = { picture, prompt: 'Describe the scene.', questions: [] };
const change = { previous, ask: changeQuestion(previous) };

/** The engine, with the text of each turn that it runs and the pictures that it encodes. */
async function watchedEngine(contextSize = 2048) {
  const loaded = await open(demoEngine, { contextSize });
  const turns: string[] = [];
  let encodes = 0;
  const engine = new Proxy(loaded, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (name === 'encodeTile') encodes++;
        if (name === 'runTurns')
          turns.push(...(args[0] as Turn[]).map(({ prompt }) => textOf(target, prompt)));
        return value.apply(target, args);
      };
    },
  });
  const options = { maxTokens: 64, temperature: 0, chatTemplate: null, detail: 'full' } as const;
  const describer = new PictureDescriber(engine, options, { name: 'demo', quant: '', build: '' });
  return { describer, turns, encodes: () => encodes };
}

function textOf(engine: MtmdEngine, tokens: Int32Array): string {
  return Buffer.concat(Array.from(tokens, (token) => engine.tokenToPiece(token))).toString('utf8');
}

test('what has changed is asked in one conversation with both descriptions, and the picture is encoded once', async () => {
  const { describer, turns, encodes } = await watchedEngine();
  const plain = await describer.describe(request, never);
  expect(plain).not.toHaveProperty('change');
  const before = { turns: turns.length, encodes: encodes() };
  const asked = await describer.describe({ ...request, change }, never);
  expect(asked.text).toBe(plain.text);
  expect(asked.change).toMatch(/\S/);
  expect(encodes() - before.encodes).toBe(before.encodes);
  const [described, compared, ...more] = turns.slice(before.turns);
  expect(more).toEqual([]);
  expect(described).not.toContain(previous);
  // The words come back with the spaces of the tokeniser.
  const words = compared!.replace(/\s+/g, ' ');
  expect(words.indexOf('Describe the scene.')).toBeLessThan(words.indexOf(plain.text!));
  expect(words.indexOf(plain.text!)).toBeGreaterThan(0);
  expect(words.indexOf(plain.text!)).toBeLessThan(words.indexOf(previous));
  expect(asked.tokens.prompt).toBeGreaterThan(plain.tokens.prompt);
  expect(asked.tokens.completion).toBeGreaterThan(plain.tokens.completion);
});

test('nothing is asked if the description has the same words', async () => {
  const { describer, turns } = await watchedEngine();
  const { text } = await describer.describe(request, never);
  const same = { previous: text!, ask: changeQuestion(text!) };
  expect(await describer.describe({ ...request, change: same }, never)).not.toHaveProperty('change');
  expect(turns).toHaveLength(2);
});

test('without room for the question the description comes alone', async () => {
  const { describer } = await watchedEngine(512);
  const long = { previous: 'x', ask: changeQuestion('one more red circle '.repeat(200)) };
  const described = await describer.describe({ ...request, change: long }, never);
  expect(described.text).toMatch(/\S/);
  expect(described).not.toHaveProperty('change');
});
