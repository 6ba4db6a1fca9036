import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { realGeometryShape, tinyShape, writeRandomLlava } from '../../tools/test/random-llava.ts';
import { type Projector, writeRandomModel } from '../../tools/test/random-projectors.ts';
import { attendedReference, cosine } from './clip-reference.ts';
import { addon, folder, noise, open } from './engine-fixture.ts';

/** 16 patches. */
const shape = { ...tinyShape, imageSize: 56 };
const pixels = noise(shape.imageSize ** 2 * 3);
const model = writeRandomLlava(folder, shape);
const second = writeRandomLlava(folder, shape, { featureLayer: 2, name: 'second' });

function highestFirst(values: Float32Array): number[] {
  return [...values.keys()].toSorted((a, b) => values[b]! - values[a]!);
}

describe.each(['on', 'off'] as const)('with flash attention %s', (flashAttention) => {
  test.each([
    ['the last stored block', model, 3],
    ['the block that the feature layer names', second, 2],
  ])("it is the class token's attention in %s", async (_, llava, blocks) => {
    const engine = await open(llava, { flashAttention });
    expect(engine.info.vision.hasClassAttention).toBe(true);
    const { classAttention } = await engine.encodeAttendedTile(pixels);
    const reference = attendedReference(llava.vision, shape, pixels, { blocks }).classAttention;
    expect(classAttention).toHaveLength(16);
    for (const [patch, share] of classAttention.entries())
      expect(Math.abs(share / reference[patch]! - 1), `patch ${patch}`).toBeLessThan(0.02);
    expect(highestFirst(classAttention)).toEqual(highestFirst(reference));
    // The reference can tell: another block attends to other patches.
    const other = attendedReference(llava.vision, shape, pixels, { blocks: blocks - 1 }).classAttention;
    expect(highestFirst(other)).not.toEqual(highestFirst(reference));
  });

  test.each([
    ['F16', 0.9999],
    ['Q8_0', 0.99],
    ['Q4_0', 0.9],
  ])('the embeddings of a tower in %s do not depend on it', async (type, likeness) => {
    const inputPath = writeRandomLlava(folder, realGeometryShape, { name: 'real' }).mmprojPath;
    const mmprojPath = join(folder, `real-${type}.gguf`);
    await addon.quantize({ inputPath, outputPath: mmprojPath, type });
    const engine = await open({ ...model, mmprojPath }, { flashAttention, contextSize: 512 });
    const rgb = noise(336 * 336 * 3);
    const before = await engine.encodeTile(rgb);
    const attended = await engine.encodeAttendedTile(rgb);
    expect(attended.embeddings).toEqual(before);
    expect(attended.classAttention).toHaveLength(576);
    const sum = attended.classAttention.reduce((total, share) => total + share, 0);
    expect(sum).toBeGreaterThan(0.9);
    expect(sum).toBeLessThan(1);
    expect(await engine.encodeTile(rgb)).toEqual(before);
    expect(await engine.encodeAttendedTile(rgb)).toEqual(attended);

    const whole = await (
      await open({ ...model, mmprojPath: inputPath }, { flashAttention })
    ).encodeAttendedTile(rgb);
    expect(cosine(attended.classAttention, whole.classAttention)).toBeGreaterThan(likeness);
  });
});

test.each<[Projector, string]>([
  ['mlp', 'has no class token here'],
  ['mlp_norm', "is not LLaVA's"],
  ['ldpv2', 'pools patches'],
  ['internvl', 'merges patches'],
])('%s, which %s, is refused and stays usable', async (projector) => {
  const engine = await open(writeRandomModel(folder, projector), { contextSize: 512 });
  expect(engine.info.vision.hasClassAttention).toBe(false);
  const { imageSize } = engine.info.vision;
  const rgb = noise(imageSize ** 2 * 3);
  await expect(engine.encodeAttendedTile(rgb)).rejects.toMatchObject({
    code: 'NO_CLASS_ATTENTION',
    message: expect.stringContaining(projector),
  });
  const picture = { rgb, width: imageSize, height: imageSize };
  expect((await engine.decodePicture(picture)).imageTokens).toBeGreaterThan(0);
});

test('a tile of another size is refused, and the next one encoded', async () => {
  const engine = await open(model);
  await expect(engine.encodeAttendedTile(pixels.subarray(1))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
  expect(await engine.encodeTile(pixels)).toEqual((await engine.encodeAttendedTile(pixels)).embeddings);
});
