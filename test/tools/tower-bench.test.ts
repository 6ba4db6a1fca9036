import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { squareOf } from '../../tools/arm64/tower-counts.ts';
import { relativeError } from '../../tools/bench/tower/embedding-error.ts';
import { writeHollowTowers } from '../../tools/bench/tower/hollow-towers.ts';
import { mixTowers } from '../../tools/bench/tower/mix-towers.ts';
import { towerTypes } from '../../tools/bench/tower/tower-types.ts';
import { readGguf } from '../../tools/test/read-gguf.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenecast-tower-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

const shape = { width: 64, blocks: 3, heads: 2, feedForward: 96, imageSize: 28, patchSize: 14 };
const towers = writeHollowTowers(folder, towerTypes, shape);
const typesOf = (path: string): Record<string, string> =>
  Object.fromEntries([...readGguf(path).tensors].map(([name, { type }]) => [name, type]));
const towerOf = (name: string): string => towers.find(({ type }) => type.name === name)!.mmprojPath;

test.each([
  ['Q8_0, FFN Q4_0', 'Q8_0', 'Q4_0', 'Q8_0', 'Q8_0'],
  ['Q4_0, ends Q8_0', 'Q8_0', 'Q4_0', 'Q4_0', 'Q8_0'],
  ['Q4_0', 'Q4_0', 'Q4_0', 'Q4_0', 'Q4_0'],
])('the matrices of %s have these types', (name, first, ffn, attention, projector) => {
  expect(typesOf(towerOf(name))).toMatchObject({
    'v.blk.0.attn_q.weight': first,
    'v.blk.1.ffn_up.weight': ffn,
    'v.blk.1.attn_q.weight': attention,
    'mm.0.weight': projector,
    'v.position_embd.weight': 'F16',
    'v.blk.1.attn_q.bias': 'F32',
  });
});

test('a mix of two files has the tensors of either, and their metadata', async () => {
  const path = join(folder, 'mixed.gguf');
  const files = new Map([
    ['Q8_0', towerOf('Q8_0')],
    ['Q4_0', towerOf('Q4_0')],
  ] as const);
  await mixTowers(path, files, (tensor) => (tensor.includes('.ffn_') ? 'Q4_0' : 'Q8_0'));
  expect(typesOf(path)).toEqual(typesOf(towerOf('Q8_0, FFN Q4_0')));
  expect(readGguf(path).metadata).toEqual(readGguf(towerOf('Q8_0')).metadata);
});

test('the error of embeddings is a share of their root mean square', () => {
  const right = [Float32Array.of(3, 4), Float32Array.of(0, 0)];
  expect(relativeError(right, right)).toBe(0);
  expect(relativeError([Float32Array.of(3, 4), Float32Array.of(3, 0)], right)).toBeCloseTo(0.6);
});

test('the instructions of ViT-L/336 are projected from towers of one block and of two', () => {
  const counts = { module: 0, attentionKinds: {}, functions: [] };
  const one = { ...counts, all: 115, attentionProduct: 8, attentionRest: 2, matrices: 100 };
  const two = { ...counts, all: 225, attentionProduct: 16, attentionRest: 4, matrices: 200 };
  const { matrices, attention, rest } = squareOf([one, two]);
  // 577 tokens for 145, and the first block's surplus once: 5 of the rest.
  expect(matrices).toBeCloseTo((2300 * 577) / 145);
  expect(attention).toBeCloseTo(230 * (577 / 145) ** 2);
  expect(rest).toBeCloseTo((5 * 577) / 145);
});
