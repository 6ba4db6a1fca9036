import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, expect, test } from 'vitest';
import { jsonObjectGrammar, jsonSchemaGrammar } from '../../src/engine-server/json-schema-grammar.ts';
import { backendsDir, loadAddon } from '../../src/vision/native/addon.ts';
import { tinyShape, writeRandomLlava } from '../../tools/test/random-llava.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenecast-schema-'));
const addon = loadAddon();
addon.loadBackends(backendsDir());
const engine = await addon.load({ ...writeRandomLlava(folder, tinyShape), threads: 1, contextSize: 4096 });
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

/** What a model without sense writes under a grammar; null: it did not come to an end. */
async function written(grammar: string, seed: number): Promise<string | null> {
  engine.clear();
  await engine.decodeTokens(engine.tokenize('x', { addSpecial: true }), { logitsLast: true });
  engine.setSampler({ temperature: 1, topK: 0, topP: 1, minP: 0, seed, grammar });
  const { tokens, ended } = await engine.generate(1500);
  const text = Buffer.concat([...tokens].map((token) => engine.tokenToPiece(token))).toString('utf8');
  // llama.cpp does not look at the later bytes of a character, which only a model without sense gets wrong.
  return ended && !text.includes('\uFFFD') ? text : null;
}

const schemas: readonly [name: string, schema: object][] = [
  ['a boolean', { type: 'boolean' }],
  ['an integer', { type: 'integer', minimum: -3, maximum: 12 }],
  ['an exclusive bound', { type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 3 }],
  ['values', { enum: ['red', 'say "no"', 3, null] }],
  ['a constant', { const: { a: [1] } }],
  ['a short string', { type: 'string', maxLength: 5 }],
  ['null or a string', { type: ['string', 'null'], maxLength: 3 }],
  [
    'an object as pydantic writes it',
    {
      $defs: { Level: { enum: ['low', 'high'], title: 'Level', type: 'string' } },
      properties: {
        title: { type: 'string', maxLength: 8, description: 'The title' },
        level: { $ref: '#/$defs/Level' },
        'odd "key"': {
          anyOf: [{ type: 'integer', minimum: 0, maximum: 9 }, { type: 'null' }],
          default: null,
        },
        tags: { type: 'array', items: { enum: ['a', 'b'] }, minItems: 1, maxItems: 3 },
        none: { type: 'array', maxItems: 0 },
      },
      required: ['title', 'level'],
      additionalProperties: false,
      type: 'object',
    },
  ],
];

test.each(schemas)('%s: everything that is written is valid', async (_, schema) => {
  const isValid = new Ajv({ strict: false }).compile(schema);
  const grammar = jsonSchemaGrammar(schema);
  let complete = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const text = await written(grammar, seed);
    if (text === null) continue;
    complete++;
    expect(isValid(JSON.parse(text)), text).toBe(true);
  }
  expect(complete).toBeGreaterThan(0);
});

test('any JSON object', async () => {
  let complete = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const text = await written(jsonObjectGrammar, seed);
    if (text === null) continue;
    complete++;
    expect(typeof JSON.parse(text)).toBe('object');
  }
  expect(complete).toBeGreaterThan(0);
});

test.each([
  [{ allOf: [{ type: 'string' }, { type: 'integer' }] }, '/allOf: is not supported'],
  [{ type: 'object', properties: { a: { $ref: '#' } } }, 'refers to itself'],
  [{ $ref: '#/$defs/x' }, 'refers to nothing'],
  [{ $ref: 'https://example.com/x' }, 'another document'],
  [{ type: 'colour' }, 'is not a type'],
  [{ type: 'integer', minimum: 3, maximum: 2 }, 'allows no number'],
  [{ enum: [] }, 'allows no value'],
  ['text', 'must be a JSON Schema'],
])('%o is refused with the reason', (schema, reason) => {
  expect(() => jsonSchemaGrammar(schema)).toThrow(reason);
});
