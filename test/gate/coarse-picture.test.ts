import { expect, test } from 'vitest';
import { gridOf, readBlockMeans } from '../../src/gate/block-means.ts';
import { coarsePicture } from '../../src/gate/coarse-picture.ts';

test('a part of a coarse picture is the mean of its blocks', () => {
  const columns = 64;
  const rows = 36;
  const luma = Uint8Array.from({ length: columns * rows }, (_, at) => (at % columns < 32 ? 20 : 220));
  const coarse = coarsePicture({ columns, rows, luma, cb: luma, cr: luma });
  expect([...coarse.subarray(0, 8)]).toEqual([20, 20, 20, 20, 220, 220, 220, 220]);
  expect(coarse).toHaveLength(64);
});

test('a picture that is much wider than high has as many parts', async () => {
  const size = { width: 640, height: 32 };
  expect(gridOf(size).rows).toBeLessThan(8);
  const bytes = new Uint8Array(size.width * size.height * 3).fill(77);
  const coarse = coarsePicture(await readBlockMeans({ bytes, size, pixels: 'rgb24' }));
  expect([...coarse]).toEqual(new Array(64).fill(77));
});
