import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { Picture } from '../../src/domain/frame.ts';
import type { Description, Question } from '../../src/domain/observation.ts';
import type { MtmdEngine, Turn } from '../../src/vision/native/mtmd-engine.ts';
import { PictureDescriber } from '../../src/vision/picture-describer.ts';
import { realGeometryShape, writeRandomLlava } from '../../tools/test/random-llava.ts';
import { writeRandomModel } from '../../tools/test/random-projectors.ts';
import { folder, open } from '../native/engine-fixture.ts';

// One picture, many questions: counts work, not time.

const never = new AbortController().signal;

const questions: readonly Question[] = [
  { name: 'open', ask: 'is the gate open', type: { kind: 'boolean' } },
  { name: 'count', ask: 'how many', type: { kind: 'integer', min: 0, max: 20 } },
  { name: 'colour', ask: 'what colour', type: { kind: 'enum', values: ['red', 'green', 'blue'] } },
  { name: 'odd', ask: 'what is odd', type: { kind: 'string', maxLength: 20 } },
  { name: 'free', ask: 'what else' },
];

async function pictureOf(width: number, height: number): Promise<Picture> {
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, index) => (index * 131) % 256);
  const raw = { width, height, channels: 3 } as const;
  return { size: { width, height }, bytes: await sharp(rgb, { raw }).png().toBuffer() };
}

interface Work {
  encodes: number;
  /** Runs of embeddings that were prefilled. */
  pictures: number;
  prefilled: number;
}

/** The engine with its work counted: pictures and tiles encoded, tokens and embeddings prefilled. */
function counted(engine: MtmdEngine): { engine: MtmdEngine; work: Work } {
  const work: Work = { encodes: 0, pictures: 0, prefilled: 0 };
  const { width } = engine.info.text;
  const proxy = new Proxy(engine, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (name === 'encodeTile' || name === 'decodePicture') work.encodes++;
        if (name === 'decodeTokens') work.prefilled += (args[0] as Int32Array).length;
        if (name === 'runTurns') for (const { prompt } of args[0] as Turn[]) work.prefilled += prompt.length;
        if (name === 'decodeEmbeddings') work.pictures++;
        if (name === 'decodeEmbeddings') work.prefilled += (args[0] as Float32Array).length / width;
        return value.apply(target, args);
      };
    },
  });
  return { engine: proxy, work };
}

function describerOf(
  engine: MtmdEngine,
  maxTokens = 8,
  chatTemplate: string | null = null,
  changedOnly = false,
): PictureDescriber {
  const options = { maxTokens, temperature: 0, chatTemplate, detail: 'full', changedOnly } as const;
  return new PictureDescriber(engine, options, { name: 'random', quant: '', build: '' });
}

test('five questions cost less than a quarter of a description in prefill, and nothing is encoded again', async () => {
  const { engine, work } = counted(
    await open(writeRandomLlava(folder, realGeometryShape), { contextSize: 3072 }),
  );
  const describer = describerOf(engine);
  const picture = await pictureOf(640, 480);
  const request = { picture, prompt: 'describe', questions: [] };
  await describer.describe(request, never);
  const alone = { ...work };
  // The text before the picture is still there: a second frame costs a little less.
  await describer.describe({ ...request, questions }, never);
  const asked = { encodes: work.encodes - alone.encodes, prefilled: work.prefilled - alone.prefilled };
  expect(alone.encodes).toBe(5); // the overview and four tiles
  expect(asked.encodes).toBe(5);
  expect(asked.prefilled).toBeLessThan(1.25 * alone.prefilled);
  expect(asked.prefilled).toBeGreaterThan(2340);
}, 120_000);

test.each(['qwen2.5vl_merger', 'lfm2'] as const)(
  '%s encodes the picture once for five questions',
  async (projector) => {
    const { engine, work } = counted(await open(writeRandomModel(folder, projector), { contextSize: 3072 }));
    const picture = await pictureOf(120, 90);
    const { answers } = await describerOf(engine).describe({ picture, prompt: 'describe', questions }, never);
    expect(Object.keys(answers)).toHaveLength(5);
    expect(work.encodes).toBe(1);
  },
);

test('with a template that puts the question before the picture, each question has the picture prefilled again and gets its answer', async () => {
  const { engine, work } = counted(await open(writeRandomModel(folder, 'mlp'), { contextSize: 3072 }));
  const questionFirst =
    "{% set parts = messages[0]['content'].split('\\n') %}{{ parts[1] }} {{ parts[0] }} ASSISTANT:";
  const describer = describerOf(engine, 8, questionFirst);
  const picture = await pictureOf(120, 90);
  const [, ...free] = ['see', 'what', 'gate', 'what'].map((ask, index) => ({ name: `q${index}`, ask }));
  const together = await describer.describe({ picture, prompt: 'see', questions: free }, never);
  // Its square is kept from the second time on.
  expect([work.pictures, work.encodes]).toEqual([4, 2]);
  for (const { name, ask } of free) {
    const alone = await describer.describe({ picture, prompt: ask, questions: [] }, never);
    expect(together.answers[name]).toBe(alone.text);
  }
  expect(together.answers['q1']).not.toBe(together.answers['q2']);
});

test('answers have their types, even if maxTokens is lower than their length', async () => {
  const engine = await open(writeRandomModel(folder, 'gemma3'), { contextSize: 3072 });
  const picture = await pictureOf(120, 90);
  const request = { picture, prompt: 'describe', questions };
  const { answers, text, finishReason, tokens } = await describerOf(engine, 1).describe(request, never);
  expect(answers['open']).toBeTypeOf('boolean');
  expect(answers['count']).toSatisfy((value) => Number.isInteger(value) && value >= 0 && value <= 20);
  expect(['red', 'green', 'blue']).toContain(answers['colour']);
  expect(answers['odd']).toBeTypeOf('string');
  expect(answers['free']).toBeTypeOf('string');
  expect(text!.length).toBeLessThan(20);
  expect(finishReason).toBe('length');
  expect(tokens.completion).toBeGreaterThan(5);
});

test('a memory that can be neither forked nor truncated is filled again, with the same answers', async () => {
  const engine = await open(writeRandomModel(folder, 'pixtral'), { contextSize: 3072 });
  const picture = await pictureOf(120, 90);
  const request = { picture, prompt: 'describe', questions };
  const expected = await describerOf(engine).describe(request, never);
  let encodes = 0;
  const untruncatable = new Proxy(engine, {
    get(target, name) {
      if (name === 'truncate') {
        return () => {
          throw Object.assign(new Error('cannot be truncated'), { code: 'TRUNCATE_FAILED' });
        };
      }
      if (name === 'maxTurns') return 0;
      if (name === 'decodePicture') encodes++;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const { answers, text } = await describerOf(untruncatable).describe(request, never);
  expect({ answers, text }).toEqual({ answers: expected.answers, text: expected.text });
  expect(encodes).toBe(6);
});

test("a camera's last answers are drafts for its next ones, and change nothing else", async () => {
  const engine = await open(writeRandomModel(folder, 'pixtral'), { contextSize: 3072 });
  const describer = describerOf(engine, 24);
  const picture = await pictureOf(120, 90);
  const request = { picture, prompt: 'describe', questions };
  const describe = async (camera: string): Promise<Description> =>
    describer.describe({ ...request, frame: { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV', camera } }, never);
  const first = await describe('porch');
  const other = await describe('yard');
  const again = await describe('porch');
  expect([first, other].map(({ tokens }) => tokens.drafted)).toEqual([0, 0]);
  expect(again.tokens.accepted).toBeGreaterThan(again.tokens.completion / 2);
  expect(again.tokens.accepted).toBeLessThanOrEqual(again.tokens.drafted);
  const said = ({ text, answers, finishReason }: Description): object => ({ text, answers, finishReason });
  expect(said(again)).toEqual(said(first));
  expect(said(other)).toEqual(said(first));
});

/** The engine, saying this in every turn, a token for each character. Without `ended` the token limit cut it off. */
function saying(engine: MtmdEngine, words: string, ended: boolean): MtmdEngine {
  const firstCode = 1_000_000;
  const tokens = Int32Array.from([...words], (letter) => firstCode + letter.codePointAt(0)!);
  return new Proxy(engine, {
    get(target, name) {
      if (name === 'runTurns')
        return async (turns: readonly Turn[]) => ({
          turns: turns.map(() => ({ tokens, ended, probability: 1, drafted: 0, accepted: 0 })),
          prefillMs: 0,
          generateMs: 0,
        });
      if (name === 'tokenToPiece')
        return (token: number, options?: object) =>
          token < firstCode
            ? target.tokenToPiece(token, options)
            : Buffer.from(String.fromCodePoint(token - firstCode));
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

test('what a model thinks is in neither description nor answers', async () => {
  const engine = await open(writeRandomModel(folder, 'mlp'), { contextSize: 1024 });
  const picture = await pictureOf(56, 56);
  const request = { picture, prompt: 'see', questions: [{ name: 'free', ask: 'what' }] };
  const thought = describerOf(saying(engine, '<think>\nA gate?\n</think>\n\nA gate.', true));
  expect(await thought.describe(request, never)).toMatchObject({
    text: 'A gate.',
    answers: { free: 'A gate.' },
  });
  const answersOnly = { ...request, prompt: null };
  expect(await thought.describe(answersOnly, never)).toMatchObject({
    text: null,
    answers: { free: 'A gate.' },
  });
  // Nothing is left of a description or an answer: better none than an empty one.
  const endless = describerOf(saying(engine, '<think>\nLet me see', false));
  for (const each of [request, answersOnly])
    await expect(endless.describe(each, never)).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      message: expect.stringMatching(/only thought.*model\.max_tokens/),
    });
  // A model may say nothing without having thought.
  expect(await describerOf(saying(engine, '', true)).describe(request, never)).toMatchObject({ text: '' });
});

test('a model that wants to think answers under a grammar all the same', async () => {
  const thinks = "USER: {{ messages[0]['content'] }} ASSISTANT: <think>\n";
  const engine = await open(writeRandomModel(folder, 'idefics3'), { contextSize: 3072 });
  const picture = await pictureOf(120, 90);
  const { answers } = await describerOf(engine, 8, thinks).describe(
    { picture, prompt: 'describe', questions },
    never,
  );
  expect(answers['open']).toBeTypeOf('boolean');
  expect(['red', 'green', 'blue']).toContain(answers['colour']);
  expect(answers['odd']).not.toMatch(/think/);
});

test('an engine set to what has changed shows that alone, and says how much it left out; others show everything', async () => {
  const { engine, work } = counted(
    await open(writeRandomLlava(folder, realGeometryShape), { contextSize: 3072 }),
  );
  const changedArea = [{ left: 0.1, top: 0.1, right: 0.2, bottom: 0.2 }];
  const request = { picture: await pictureOf(640, 480), prompt: 'describe', questions: [], changedArea };
  const whole = await describerOf(engine).describe(request, never);
  expect(whole.tokens).toMatchObject({ image: 2340, imageOmitted: 0 });
  const { encodes, prefilled } = work;
  const describer = describerOf(engine, 8, null, true);
  const { tokens } = await describer.describe(request, never);
  expect(tokens.image + tokens.imageOmitted).toBe(2340);
  expect(tokens.image).toBeLessThan(576 + 36 + 150);
  expect(work.encodes - encodes).toBe(2);
  expect(work.prefilled - prefilled).toBeLessThan(prefilled / 2);
  const { changedArea: _, ...all } = request;
  expect((await describer.describe(all, never)).tokens).toMatchObject({ image: 2340, imageOmitted: 0 });
});
