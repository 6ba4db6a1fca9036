import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { answerGrammar, maxAnswerTokens, parseAnswer } from '../../../src/domain/answer-grammar.ts';
import type { AnswerType } from '../../../src/domain/observation.ts';
import { backendsDir, loadAddon } from '../../../src/vision/native/addon.ts';
import type { MtmdEngine } from '../../../src/vision/native/mtmd-engine.ts';
import { tinyShape, writeRandomLlava } from '../../../tools/test/random-llava.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenecast-grammar-'));
const addon = loadAddon();
addon.loadBackends(backendsDir());
const engine = await addon.load({ ...writeRandomLlava(folder, tinyShape), threads: 1, contextSize: 1024 });
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const types: readonly AnswerType[] = [
  { kind: 'boolean' },
  { kind: 'integer', min: 0, max: 9 },
  { kind: 'integer', min: -17, max: 1234 },
  { kind: 'integer', min: -300, max: -20 },
  { kind: 'integer', min: 7, max: 7 },
  { kind: 'enum', values: ['red', 'green', 'red and green'] },
  { kind: 'enum', values: ['say "no"', 'back\\slash', 'déjà vu', '赤'] },
  { kind: 'string', maxLength: 1 },
  { kind: 'string', maxLength: 12 },
  { kind: 'string', maxLength: 40 },
];

/** Numbers from 0 to 1, the same every time. */
function* randoms(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

async function say(llm: MtmdEngine, type: AnswerType, temperature: number, seed: number): Promise<string> {
  llm.setSampler({ temperature, seed, topK: 0, topP: 1, minP: 0, grammar: answerGrammar(type) });
  const pieces: Uint8Array[] = [];
  for (let token = llm.sample(); !llm.isEndOfGeneration(token); token = await llm.step(token)) {
    pieces.push(llm.tokenToPiece(token));
    if (pieces.length > maxAnswerTokens(type)) throw new Error(`${type.kind} does not end`);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function isOf(type: AnswerType, value: unknown): boolean {
  switch (type.kind) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return Number.isInteger(value) && Number(value) >= type.min && Number(value) <= type.max;
    case 'enum':
      return type.values.includes(String(value));
    case 'string':
      return typeof value === 'string' && value.length > 0 && [...value].length <= type.maxLength;
  }
}

test('every constrained answer parses, over 1,000 random prompts and temperatures', async () => {
  const random = randoms(1);
  const next = (below: number): number => Math.floor(random.next().value * below);
  const seen = new Map<AnswerType, Set<unknown>>();
  for (let round = 0; round < 1000; round++) {
    const type = types[round % types.length]!;
    engine.clear();
    const prompt = Int32Array.from({ length: 1 + next(12) }, () => 3 + next(300));
    await engine.decodeTokens(prompt, { logitsLast: true });
    const temperature = next(5) === 0 ? 0 : random.next().value * 3;
    const text = await say(engine, type, temperature, next(2 ** 31 - 1));
    const value = parseAnswer(type, text);
    expect(isOf(type, value), `${JSON.stringify(type)}: "${text}"`).toBe(true);
    seen.set(type, (seen.get(type) ?? new Set()).add(value));
  }
  // The grammar leaves the choice to the model.
  for (const [type, values] of seen) {
    const possible = type.kind === 'integer' && type.min === type.max ? 1 : 2;
    expect(values.size, JSON.stringify(type)).toBeGreaterThanOrEqual(possible);
  }
}, 300_000);

/** The grammar of whole numbers as a regular expression: they are written alike. */
function accepts(min: number, max: number): (text: string) => boolean {
  const body = answerGrammar({ kind: 'integer', min, max }).replace('root ::= " "? ', '');
  const pattern = new RegExp(`^${body.replace(/[" ]/g, '')}$`);
  return (text) => pattern.test(text);
}

test('the grammar of whole numbers accepts a range and nothing else', () => {
  const edges = [
    -1000, -130, -101, -100, -99, -10, -9, -1, 0, 1, 5, 9, 10, 11, 19, 20, 99, 100, 109, 256, 1000,
  ];
  for (const min of edges) {
    for (const max of edges.filter((edge) => edge >= min)) {
      const isAccepted = accepts(min, max);
      for (let value = -1100; value <= 1100; value++) {
        if (isAccepted(`${value}`) !== (value >= min && value <= max)) {
          expect.fail(`${min} to ${max}: ${value} is ${isAccepted(`${value}`) ? '' : 'not '}accepted`);
        }
      }
      for (const text of ['', '-', '-0', '00', '01', '-01', '1.0'])
        expect(isAccepted(text), text).toBe(false);
    }
  }
});

test('an answer ends only when it is complete, and is never too long', async () => {
  engine.clear();
  await engine.decodeTokens(Int32Array.of(1, 5), { logitsLast: true });
  // A sampler that always prefers to end: the random model is made to want it by asking for what it cannot say.
  const texts = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    engine.truncate(1);
    await engine.decodeTokens(Int32Array.of(5), { logitsLast: true });
    texts.add(await say(engine, { kind: 'enum', values: ['red', 'red and green'] }, 2, seed));
  }
  for (const text of texts) expect(['red', 'red and green']).toContain(text.trim());
});

test.each<[AnswerType, string]>([
  [{ kind: 'boolean' }, 'maybe'],
  [{ kind: 'integer', min: 0, max: 9 }, '10'],
  [{ kind: 'integer', min: 0, max: 9 }, ''],
  [{ kind: 'enum', values: ['red'] }, 'blue'],
])('%o does not parse "%s"', (type, text) => {
  expect(() => parseAnswer(type, text)).toThrow(expect.objectContaining({ code: 'BAD_ANSWER' }));
});

test.each<[AnswerType]>([
  [{ kind: 'integer', min: 3, max: 2 }],
  [{ kind: 'integer', min: 0.5, max: 2 }],
  [{ kind: 'enum', values: [] }],
  [{ kind: 'string', maxLength: 0 }],
])('%o has no answers', (type) => {
  expect(() => answerGrammar(type)).toThrow(RangeError);
});
