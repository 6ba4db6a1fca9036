import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { ModelSizing } from '../../../src/domain/model-sizing.ts';
import { backendsDir, loadAddon } from '../../../src/vision/native/addon.ts';
import type { LoadOptions } from '../../../src/vision/native/load-options.ts';
import { sizeModel } from '../../../src/vision/one-shot/size-model.ts';
import type { SizeRequest } from '../../../src/vision/one-shot/size-request.ts';
import {
  type HollowShape,
  smolVlm500m,
  vicuna7b,
  writeHollowModel,
} from '../../../tools/test/hollow-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenecast-size-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const yesOrNo = { ask: 'Is the gate open?', type: { kind: 'boolean' } } as const;
const mebibyte = 1024 ** 2;

function size(
  model: { readonly textPath: string; readonly mmprojPath: string },
  changes: Partial<SizeRequest> = {},
): Promise<ModelSizing> {
  const { textPath, mmprojPath } = model;
  return sizeModel({
    textPath,
    mmprojPath,
    chatTemplate: 'vicuna',
    pictureSizes: [{ width: 1280, height: 720 }],
    prompts: ['Describe the scene.'],
    questions: [[yesOrNo]],
    ubatchSize: 576,
    cpuModule: null,
    ...changes,
  });
}

describe('LLaVA-1.6 Vicuna 7B in Q5_K, from its header alone', () => {
  const model = writeHollowModel(folder, vicuna7b);
  // The files have holes for weights: reading them would fail.
  const sizing = size(model);

  test('is as large as published', async () => {
    const { parameters, textBytes, mmprojBytes } = await sizing;
    expect(parameters / 1e9).toBeCloseTo(6.74, 2);
    expect(textBytes / 1e9).toBeCloseTo(4.63, 2);
    expect(mmprojBytes / 1e9).toBeCloseTo(0.62, 2);
    expect(statSync(model.textPath).blocks * 512).toBeLessThan(4 * mebibyte);
  });

  test('makes 1,948 tokens of 1280x720, 576 of its overview', async () => {
    expect((await sizing).details).toMatchObject([
      { detail: 'full', imageTokens: 1948, squares: [576, 576, 576, 576, 576] },
      { detail: 'balanced', squares: [576, 576, 576] },
      { detail: 'overview', imageTokens: 576, squares: [576] },
    ]);
  });

  test('with a limit: no more tokens, as many squares, and less after a change only where that is more', async () => {
    const limited = await size(model, { maxImageTokens: 900 });
    const limit = { wholeTokens: 1948, fixedTokens: 576 + 28 };
    expect(limited.details).toMatchObject([
      { detail: 'full', imageTokens: 900, squares: [576, 576, 576, 576, 576], limit },
      { detail: 'balanced', imageTokens: 900, squares: [576, 576, 576], limit: { wholeTokens: 1608 } },
      { detail: 'overview', imageTokens: 576, squares: [576] },
    ]);
    expect(limited.details[2]!.limit).toBeUndefined();
    const [whole] = (await sizing).details;
    expect(whole!.limit).toBeUndefined();
    expect(limited.details[0]!.changed).toEqual(whole!.changed);
    const [least] = (await size(model, { maxImageTokens: 700 })).details;
    expect(least!.changed!.imageTokens).toBe(700);
    expect(least!.changed!.squares).toEqual(whole!.changed!.squares);
  });

  test('of pictures that a limit makes equal, the one with the most squares counts; the most newlines do', async () => {
    const pictureSizes = [
      { width: 300, height: 900 },
      { width: 1280, height: 720 },
    ];
    const [full] = (await size(model, { pictureSizes, maxImageTokens: 700 })).details;
    expect(full).toMatchObject({ imageTokens: 700, limit: { wholeTokens: 2376, fixedTokens: 576 + 72 } });
    expect(full!.squares).toHaveLength(5);
  });

  test('has the shapes that its time follows from', async () => {
    expect((await sizing).shapes).toEqual({
      text: {
        ...{ blocks: 32, attentionWidth: 4096, weightType: 'q5_K' },
        weights: 32 * (4 * 4096 ** 2 + 3 * 4096 * 11_008),
      },
      tower: {
        ...{ blocks: 23, attentionWidth: 1024, weightType: 'f16' },
        weights: 23 * (4 * 1024 ** 2 + 2 * 1024 * 4096),
      },
      projectorWeights: 1024 * 4096 + 4096 ** 2,
    });
  });

  test('takes half a mebibyte of KV cache a token in F16', async () => {
    const [exact, small] = (await sizing).contexts;
    expect(exact!.kvBytesPerToken).toBe(2 * 32 * 4096 * 2);
    expect(small!.kvBytesPerToken).toBe((exact!.kvBytesPerToken * 34) / 64);
  });

  test('counts the longest prompt and the longest typed question', async () => {
    const plain = await sizing;
    const longer = await size(model, {
      prompts: ['Describe the scene.', 'Describe the scene. And then describe the scene again.'],
      questions: [
        [
          yesOrNo,
          { ask: 'Who is there?', type: { kind: 'enum', values: ['a person of no importance', 'nobody'] } },
        ],
      ],
    });
    expect(longer.freeTurnTokens).toBeGreaterThan(plain.freeTurnTokens + 5);
    expect(longer.typedTurnTokens).toBeGreaterThan(plain.typedTurnTokens + 10);
  });

  test('counts all turns about a picture, for each camera', async () => {
    const nine = Array.from({ length: 9 }, () => ({ ask: 'What?', type: null }));
    const sizing = await size(model, { questions: [[], [yesOrNo], [yesOrNo, yesOrNo], nine] });
    const { freeTurnTokens, typedTurnTokens, turnGroups } = sizing;
    const [none, one, two, eight, rest] = turnGroups;
    expect(none).toEqual({ tokens: freeTurnTokens, freeAnswers: 1, earlierPictures: 0 });
    // The text before the picture counts once.
    const questionTokens = one!.tokens - none!.tokens;
    expect(questionTokens).toBeGreaterThan(10);
    expect(questionTokens).toBeLessThan(typedTurnTokens - 10);
    expect(two).toEqual({ tokens: one!.tokens + questionTokens, freeAnswers: 1, earlierPictures: 0 });
    // At most eight turns run at once.
    expect([eight!.freeAnswers, rest!.freeAnswers, turnGroups.length]).toEqual([8, 2, 5]);
  });

  test('has no second picture, as LLaVA was trained with one', async () => {
    const { turnGroups } = await size(model, {
      questions: [[{ ask: 'What?', type: null, showsEarlier: true }]],
    });
    expect(turnGroups.map(({ earlierPictures }) => earlierPictures)).toEqual([0]);
  });

  test('counts the picture with the most tokens', async () => {
    const sizes = [
      [1280, 720],
      [640, 480],
      [720, 405],
    ] as const;
    const both = await size(model, { pictureSizes: sizes.map(([width, height]) => ({ width, height })) });
    expect(both.details[0]!.imageTokens).toBe(2340);
  });

  test('is refused with its code if a file is not a model', async () => {
    await expect(size({ ...model, textPath: import.meta.filename })).rejects.toMatchObject({
      code: 'NOT_GGUF',
    });
    await expect(size({ ...model, mmprojPath: model.textPath })).rejects.toMatchObject({
      code: 'NOT_AN_MMPROJ',
    });
  });
});

test('SmolVLM2 500M encodes 1,024 patches for 64 tokens, thirteen times for 1280x720', async () => {
  const model = writeHollowModel(mkdtempSync(join(folder, 'smolvlm-')), smolVlm500m);
  const change = { ask: 'What has changed?', type: null, showsEarlier: true };
  const { parameters, shapes, details, turnGroups } = await size(model, { questions: [[yesOrNo], [change]] });
  expect(turnGroups.map(({ earlierPictures }) => earlierPictures)).toEqual([0, 1]);
  expect(parameters / 1e6).toBeCloseTo(409.3, 1);
  expect(details.map(({ detail, squares }) => [detail, squares.length])).toEqual([
    ['full', 13],
    ['balanced', 5],
    ['overview', 1],
  ]);
  expect(new Set(details.flatMap(({ squares }) => squares))).toEqual(new Set([1024]));
  // Two tokens before each of twelve tiles, a line feed between rows, four around the whole picture.
  expect(details[0]!.imageTokens).toBe(13 * 64 + 12 * 2 + 2 + 4);
  expect(shapes).toEqual({
    text: {
      ...{ blocks: 32, attentionWidth: 960, weightType: 'q8_0' },
      weights: 32 * (2 * 960 ** 2 + 2 * 960 * 320 + 3 * 960 * 2560),
    },
    tower: {
      ...{ blocks: 12, attentionWidth: 768, weightType: 'q8_0' },
      weights: 12 * (4 * 768 ** 2 + 2 * 768 * 3072),
    },
    projectorWeights: 768 * 16 * 960,
  });
});

describe('an engine without weights', () => {
  const addon = loadAddon();
  addon.loadBackends(backendsDir());
  const shape: HollowShape = {
    text: { width: 256, blocks: 4, heads: 4, feedForward: 704, type: 'Q4_0', contextLength: 4096 },
    vision: { width: 128, blocks: 2, heads: 2, feedForward: 256, imageSize: 336, patchSize: 14 },
    packing: '1.6',
  };
  const small = mkdtempSync(join(folder, 'small-'));
  const model = writeHollowModel(small, shape);
  const load = (options: Partial<LoadOptions> = {}): ReturnType<typeof addon.load> =>
    addon.load({ ...model, threads: 1, contextSize: 1024, ...options });

  test('reports the memory that the same engine takes with weights', async () => {
    const planned = await load({ noAlloc: true });
    // Read, not mapped: the pages of a mapped file also hold what no tensor uses.
    const real = await load({ useMmap: false });
    try {
      await real.encodeTile(new Uint8Array(336 * 336 * 3));
      expect(planned.memory).toEqual(real.memory);
      expect(planned.ubatchSize).toBe(real.ubatchSize);
      for (const bytes of Object.values(planned.memory)) expect(bytes).toBeGreaterThan(0);
    } finally {
      await Promise.all([planned.close(), real.close()]);
    }
  });

  test('refuses to compute', async () => {
    const engine = await load({ noAlloc: true });
    try {
      await expect(engine.decodeTokens(Int32Array.of(1))).rejects.toMatchObject({ code: 'NO_WEIGHTS' });
      await expect(engine.encodeTile(new Uint8Array(336 * 336 * 3))).rejects.toMatchObject({
        code: 'NO_WEIGHTS',
      });
    } finally {
      await engine.close();
    }
  });
});
