import { expect, test } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { SCENE_COLOURS, SCENE_SHAPES, sampleScene } from '../../src/camera/scene-layout.ts';
import { answerGrammar, maxAnswerTokens } from '../../src/domain/answer-grammar.ts';
import type { AnswerType, Question } from '../../src/domain/observation.ts';
import type { Turn } from '../../src/vision/native/mtmd-engine.ts';
import { choosePictureEncoder } from '../../src/vision/picture/picture-encoder.ts';
import { PictureDescriber } from '../../src/vision/picture-describer.ts';
import { renderPrompt } from '../../src/vision/prompt/chat-prompt.ts';
import { turnTokens } from '../../src/vision/prompt/turn-tokens.ts';
import { demoEngine } from '../../tools/test/demo-engine.ts';
import { writeRandomModel } from '../../tools/test/random-projectors.ts';
import { folder, open } from '../native/engine-fixture.ts';

const never = new AbortController().signal;
const size = { width: 640, height: 480 };
const engine = await open(demoEngine, { contextSize: 3072 });
const options = { maxTokens: 40, temperature: 0, chatTemplate: null, detail: 'full' } as const;
const describer = new PictureDescriber(engine, options, { name: 'demo', quant: '', build: '' });

const things = SCENE_COLOURS.flatMap((colour) => SCENE_SHAPES.map((kind) => `${colour} ${kind}`));

/** Ten questions about a scene, of each type whose answers have a confidence. */
function questionsOf(seed: number): Question[] {
  const asked: [string, AnswerType][] = [
    ...Array.from({ length: 5 }, (_, index): [string, AnswerType] => [
      `Is there a ${things[(seed * 7 + index * 4) % things.length]}?`,
      { kind: 'boolean' },
    ]),
    ['How many shapes are there?', { kind: 'integer', min: 0, max: 9 }],
    ['How many shapes do you see?', { kind: 'integer', min: -5, max: 120 }],
    ['What colour is the circle?', { kind: 'enum', values: SCENE_COLOURS }],
    ['What is there?', { kind: 'enum', values: ['a square', 'a circle', 'a circle and a square'] }],
    ['Which shape is on the left?', { kind: 'enum', values: SCENE_SHAPES }],
  ];
  return asked.map(([ask, type], index) => ({ name: `q${index}`, ask, type }));
}

/** Every answer that a type allows. */
function textsOf(type: AnswerType): Set<string> {
  const words =
    type.kind === 'boolean'
      ? ['Yes', 'yes', 'No', 'no']
      : type.kind === 'integer'
        ? Array.from({ length: type.max - type.min + 1 }, (_, index) => String(type.min + index))
        : type.kind === 'enum'
          ? type.values
          : [];
  return new Set(words.flatMap((word) => [word, ` ${word}`]));
}

const pieces = Array.from({ length: engine.info.text.vocabularySize }, (_, token) =>
  Buffer.from(engine.tokenToPiece(token, { special: true })).toString('latin1'),
);

/**
 * How probable these tokens are after the prompt, from the whole distribution at each of them: the share of a token among all
 * that lead to an answer of the type.
 */
async function bruteForce(prompt: Int32Array, type: AnswerType, chosen: readonly number[]): Promise<number> {
  const start = engine.position;
  const texts = textsOf(type);
  await engine.decodeTokens(prompt, { logitsLast: true });
  let probability = 1;
  let text = '';
  for (const token of [...chosen, null]) {
    const logits = engine.logits();
    const max = logits.reduce((a, b) => Math.max(a, b));
    let [all, ends, own] = [0, 0, 0];
    for (const [other, logit] of logits.entries()) {
      const weight = Math.exp(logit - max);
      if (engine.isEndOfGeneration(other)) {
        if (texts.has(text)) ends += weight;
      } else if (pieces[other] !== '' && [...texts].some((each) => each.startsWith(text + pieces[other]))) {
        all += weight;
        if (other === token) own = weight;
      }
    }
    probability *= (token === null ? ends : own) / (all + ends);
    if (token === null) break;
    text += pieces[token];
    await engine.decodeTokens(Int32Array.of(token), { logitsLast: true });
  }
  engine.truncate(start);
  return probability;
}

test('a confidence is the probability by brute force, in whatever batches an answer comes', async () => {
  const encoder = choosePictureEncoder(engine, 'full');
  let [count, sum] = [0, 0];
  const deviations: number[] = [];
  for (let seed = 900_100; seed < 900_120; seed++) {
    const picture = { size, bytes: await drawScene(sampleScene(seed, size)) };
    const questions = questionsOf(seed);
    const request = { picture, prompt: 'Describe the scene.', questions, frame: { id: '', camera: 'one' } };
    // The second one has the answers of the first as drafts.
    const described = [await describer.describe(request, never), await describer.describe(request, never)];
    const prompts = questions.map(({ ask }) =>
      renderPrompt(
        (messages, jinja) =>
          engine.applyChatTemplate(messages, { template: jinja, addGenerationPrompt: true }),
        describer.template,
        ask,
      ),
    );
    await encoder.encode(picture, prompts[0]!.before, never);
    const turns = questions.map(({ type }, index): Turn & { readonly type: AnswerType } => ({
      type: type!,
      prompt: turnTokens(engine, prompts[index]!),
      sampler: { temperature: 0, grammar: answerGrammar(type!) },
      maxTokens: maxAnswerTokens(type!),
      wantsProbability: true,
    }));
    const { turns: together } = await engine.runTurns(turns.slice(0, engine.maxTurns));
    for (const [index, turn] of turns.entries()) {
      const { turns: [alone] = [] } = await engine.runTurns([turn]);
      const expected = await bruteForce(turn.prompt, turn.type, [...alone!.tokens]);
      count++;
      sum += expected;
      expect(Math.abs(alone!.probability - expected), turn.type.kind).toBeLessThanOrEqual(1e-3);
      const start = engine.position;
      engine.setSampler(turn.sampler);
      await engine.decodeTokens(turn.prompt, { logitsLast: true });
      const inSequence = await engine.generate(turn.maxTokens, { wantsProbability: true });
      engine.truncate(start);
      expect(Math.abs(inSequence.probability - expected)).toBeLessThanOrEqual(1e-3);
      const others = [together[index], (await engine.runTurns([{ ...turn, draft: alone!.tokens }])).turns[0]];
      // Of an answer that is as likely as another one, batches of other shapes may choose the other.
      for (const other of others)
        if (other?.tokens.join() === alone!.tokens.join())
          deviations.push(Math.abs(other!.probability - expected));
      for (const { confidences } of described)
        if (expected > 0.55) deviations.push(Math.abs(confidences![`q${index}`]! - expected));
    }
  }
  expect(count).toBe(200);
  // Flash attention sums in F16 in batches of fewer than 64 tokens, else in F32: a few answers differ by a little more.
  const sorted = deviations.toSorted((a, b) => a - b);
  expect(sorted.length).toBeGreaterThan(500);
  expect(sorted[Math.floor(sorted.length * 0.98)]).toBeLessThanOrEqual(5e-3);
  expect(sorted.at(-1)).toBeLessThanOrEqual(1e-2);
  // Not all are sure, or there would be nothing to compare.
  expect(sum / count).toBeLessThan(0.98);
}, 600_000);

test('only answers with few alternatives have a confidence, also of a model that answers one question after the other', async () => {
  const questions: Question[] = [
    { name: 'open', ask: 'is it open', type: { kind: 'boolean' } },
    { name: 'odd', ask: 'what is odd', type: { kind: 'string', maxLength: 20 } },
    { name: 'free', ask: 'what else' },
  ];
  const picture = { size, bytes: await drawScene(sampleScene(900_200, size)) };
  for (const projector of ['mlp', 'lfm2'] as const) {
    const random = await open(writeRandomModel(folder, projector), { contextSize: 3072 });
    const ofRandom = new PictureDescriber(random, options, { name: 'random', quant: '', build: '' });
    const { confidences } = await ofRandom.describe({ picture, prompt: null, questions }, never);
    expect(Object.keys(confidences!), projector).toEqual(['open']);
    expect(confidences!['open'], projector).toBeGreaterThan(0);
    expect(confidences!['open'], projector).toBeLessThan(1);
  }
});
