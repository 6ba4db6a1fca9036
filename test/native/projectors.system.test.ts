import { describe, expect, test } from 'vitest';
import type { LoadOptions } from '../../src/vision/native/load-options.ts';
import { type Projector, writeRandomModel } from '../../tools/test/random-projectors.ts';
import { folder, generate, noise, open } from './engine-fixture.ts';

// Models that libmtmd lays pictures out for. Their towers are small and random, their geometry is real.

const width = 120;
const height = 90;
const rgb = noise(width * height * 3);
const picture = { before: 'USER', addSpecial: true, rgb, width, height };

/** What a picture of 120x90 must cost. `positions` with the begin token and USER before it. */
const costs: readonly {
  projector: Projector;
  imageTokens: number;
  delimiters: number;
  positions: number;
  /** Of each square. */
  patches: number[];
  options?: Partial<LoadOptions>;
}[] = [
  // One square of 4x4 patches.
  { projector: 'mlp', imageTokens: 16, delimiters: 0, positions: 18, patches: [16] },
  { projector: 'mlp_norm', imageTokens: 16, delimiters: 0, positions: 18, patches: [16] },
  // 24x24 patches, pooled by two.
  { projector: 'ldpv2', imageTokens: 144, delimiters: 0, positions: 146, patches: [576] },
  // 168x126: 3x3 slices and the whole, 4 tokens each. 2 tokens before a slice, 2 between rows, 4 around the whole.
  { projector: 'idefics3', imageTokens: 40, delimiters: 24, positions: 66, patches: Array(10).fill(16) },
  // 8x8 patches, pooled by two; its start and end.
  { projector: 'gemma3', imageTokens: 16, delimiters: 2, positions: 20, patches: [64] },
  // 112x84: 4x3 merged patches, which take max(4, 3) positions.
  { projector: 'qwen2.5vl_merger', imageTokens: 12, delimiters: 2, positions: 8, patches: [48] },
  // 112x84, as above. Its embeddings are for the input and the first block.
  { projector: 'qwen3vl_merger', imageTokens: 12, delimiters: 2, positions: 8, patches: [48] },
  // At least 70 tokens: 280x224, 10x8 of 28 pixels. All at once, save with E2B's width: without a limit it takes up to 1,100.
  {
    projector: 'gemma4v',
    imageTokens: 80,
    delimiters: 2,
    positions: 84,
    patches: [320],
    options: { imageMaxTokens: 90 },
  },
  // The whole as 5x3 patches, and 2x2 slices of 5x3, 8 tokens each. Start and end of each, a line break between rows.
  { projector: 'resampler', imageTokens: 40, delimiters: 11, positions: 53, patches: Array(5).fill(15) },
  // 2x2 tiles and the whole, 4 tokens each.
  { projector: 'internvl', imageTokens: 20, delimiters: 2, positions: 24, patches: Array(5).fill(16) },
  // 126x84: 9x6 patches, a break after each row but the last, the end.
  { projector: 'pixtral', imageTokens: 59, delimiters: 1, positions: 62, patches: [54] },
  // At least 64 tokens: 320x224, 10x7 of 32 pixels.
  { projector: 'lfm2', imageTokens: 70, delimiters: 2, positions: 74, patches: [280] },
];

describe.each(costs)('$projector', ({ projector, imageTokens, delimiters, positions, patches, options }) => {
  const model = writeRandomModel(folder, projector);

  test('a picture takes the tokens that the model was trained with, and is counted beforehand', async () => {
    const engine = await open(model, { contextSize: 512, ...options });
    expect(engine.info.vision.projectorType).toBe(projector);
    expect(engine.countPictureTokens(width, height)).toBe(imageTokens + delimiters);
    expect([...engine.countPatches(width, height)]).toEqual(patches);
    const seen = await engine.decodePicture(picture);
    expect(seen).toMatchObject({ imageTokens, promptTokens: delimiters + 2 });
    expect(engine.position).toBe(positions);
  });

  test('one picture, many questions', async () => {
    const engine = await open(model, { contextSize: 512, ...options });
    const ask = async (words: string): Promise<number[]> => {
      await engine.decodeTokens(engine.tokenize(words), { logitsLast: true });
      return generate(engine, 6);
    };
    await engine.decodePicture(picture);
    const fresh = await ask('what is open');
    engine.truncate(positions);
    expect(await ask('the gate')).not.toEqual(fresh);
    engine.truncate(positions);
    expect(await ask('what is open')).toEqual(fresh);
    // Another picture, another answer.
    engine.clear();
    await engine.decodePicture({ ...picture, rgb: rgb.map((value) => 255 - value) });
    expect(await ask('what is open')).not.toEqual(fresh);
    engine.clear();
    await engine.decodePicture(picture);
    expect(await ask('what is open')).toEqual(fresh);
  });

  test('a picture beyond the context is refused before it is encoded', async () => {
    const engine = await open(model, { contextSize: 256, ...options });
    const { contextSize } = engine;
    const used = contextSize - imageTokens - delimiters - 1;
    await engine.decodeTokens(Int32Array.from({ length: used }, () => 5));
    await expect(engine.decodePicture(picture)).rejects.toMatchObject({
      code: 'CONTEXT_FULL',
      message: expect.stringMatching(
        new RegExp(`${used} .*${imageTokens + delimiters + 2} .*${contextSize}`),
      ),
    });
    expect(engine.position).toBe(used);
    engine.clear();
    await engine.decodeTokens(Int32Array.from({ length: used - 1 }, () => 5));
    await engine.decodePicture(picture);
    expect(engine.position).toBe(used - 1 + positions);
  });
});

const qwen = writeRandomModel(folder, 'qwen2.5vl_merger');

test('with M-RoPE cells are counted, not positions', async () => {
  const engine = await open(qwen, { contextSize: 256 });
  const cells = 12 + 2;
  const pictures = Math.floor(engine.contextSize / cells);
  for (let index = 0; index < pictures; index++) {
    await engine.decodePicture({ rgb, width, height });
  }
  const { position } = engine;
  expect(position).toBe(pictures * 6); // far from full
  await expect(engine.decodePicture({ rgb, width, height })).rejects.toMatchObject({ code: 'CONTEXT_FULL' });
  expect(engine.position).toBe(position);
  // What a dropped picture took is free again.
  engine.truncate(position - 6);
  await engine.decodePicture({ rgb, width, height });
  expect(engine.position).toBe(position);
});

test('with M-RoPE no picture is cut in two', async () => {
  const engine = await open(qwen, { contextSize: 256 });
  await engine.decodePicture({ rgb, width, height });
  expect(() => engine.truncate(3)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  engine.truncate(1);
  await engine.decodeTokens(Int32Array.of(5, 6), { logitsLast: true });
  expect(engine.position).toBe(3);
});

test('a hybrid model returns to its checkpoints and to nothing else', async () => {
  const engine = await open(writeRandomModel(folder, 'lfm2'), { contextSize: 512 });
  await engine.decodePicture(picture);
  const after = engine.position;
  await engine.decodeTokens(engine.tokenize('what is open'), { logitsLast: true });
  expect(() => engine.truncate(after + 1)).toThrow(expect.objectContaining({ code: 'TRUNCATE_FAILED' }));
  expect(engine.position).toBeGreaterThan(after + 1);
  engine.truncate(after);
  expect(engine.position).toBe(after);
});

test('a non-causal picture is decoded in one batch, even if the configured batch is smaller', async () => {
  const gemma = writeRandomModel(folder, 'gemma3');
  const engine = await open(gemma, { contextSize: 256, batchSize: 8, ubatchSize: 8 });
  expect(engine.info.vision.nonCausal).toBe(true);
  await engine.decodePicture(picture);
  expect(engine.position).toBe(20);
  await expect(open(gemma, { contextSize: 8 })).rejects.toMatchObject({
    code: 'LOAD_FAILED',
    message: expect.stringMatching(/16 .*8/),
  });
});

test('a limit lowers the tokens of a picture and never raises them', async () => {
  const tokens = async (projector: Projector, imageMaxTokens?: number): Promise<number> => {
    const options = imageMaxTokens === undefined ? {} : { imageMaxTokens };
    return (await open(writeRandomModel(folder, projector), options)).countPictureTokens(1280, 720);
  };
  const full = await tokens('qwen2.5vl_merger');
  expect(full).toBe(46 * 26 + 2);
  expect(await tokens('qwen2.5vl_merger', 256)).toBeLessThanOrEqual(256 + 2);
  expect(await tokens('qwen2.5vl_merger', 256)).toBeGreaterThan(200);
  expect(await tokens('qwen2.5vl_merger', 100_000)).toBe(full);
  expect(await tokens('pixtral', 256)).toBeLessThan(await tokens('pixtral'));
  expect(await tokens('lfm2', 64)).toBe(await tokens('lfm2'));
});

test.each<[Projector, number, number, number, number[]]>([
  // As trained: a single tile is the whole picture, without the line break after tiles.
  ['idefics3', 1, 4, 3, [16]],
  // 112x84: 2x2 tiles and the whole.
  ['idefics3', 4, 20, 13, Array(5).fill(16)],
  ['internvl', 1, 4, 2, [16]],
  ['internvl', 2, 12, 2, Array(3).fill(16)],
  // In its own shape, 5x3 patches.
  ['resampler', 1, 8, 2, [15]],
])('%s with at most %i tiles', async (projector, imageMaxTiles, imageTokens, delimiters, patches) => {
  const engine = await open(writeRandomModel(folder, projector), { contextSize: 512, imageMaxTiles });
  expect(engine.info.vision.takesLimit).toBe(true);
  expect(engine.countPictureTokens(width, height)).toBe(imageTokens + delimiters);
  expect([...engine.countPatches(width, height)]).toEqual(patches);
  expect(await engine.decodePicture(picture)).toMatchObject({ imageTokens, promptTokens: delimiters + 2 });
});

test('LFM2 cuts large pictures into tiles of 512 pixels, or none', async () => {
  const patches = async (imageMaxTiles?: number): Promise<number[]> => {
    const options = imageMaxTiles === undefined ? {} : { imageMaxTiles };
    return [...(await open(writeRandomModel(folder, 'lfm2'), options)).countPatches(1280, 720)];
  };
  // 672x384.
  const whole = 42 * 24;
  expect(await patches()).toEqual([1024, 1024, whole]);
  expect(await patches(100)).toEqual([1024, 1024, whole]);
  expect(await patches(1)).toEqual([whole]);
});

test('a cancelled picture leaves the sequence as it was', async () => {
  const engine = await open(writeRandomModel(folder, 'pixtral'));
  await engine.decodeTokens(Int32Array.of(5, 6, 7));
  const large = noise(640 * 480 * 3);
  const seeing = engine.decodePicture({ rgb: large, width: 640, height: 480 });
  await expect(engine.decodeTokens(Int32Array.of(5))).rejects.toMatchObject({ code: 'BUSY' });
  setTimeout(() => engine.cancel(), 30);
  await expect(seeing).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(engine.position).toBe(3);
  await engine.decodePicture(picture);
});

test.each([
  ['too few bytes', { rgb: rgb.subarray(1), width, height }],
  ['no width', { rgb, width: 0, height }],
  ['no pixels', { width, height } as never],
])('a picture with %s is refused', async (_, input) => {
  const engine = await open(qwen, { contextSize: 256 });
  await expect(engine.decodePicture(input)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(engine.position).toBe(0);
});
