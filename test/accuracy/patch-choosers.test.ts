import { expect, test } from 'vitest';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import type { AttendedTile } from '../../src/vision/native/mtmd-engine.ts';
import { planAnyres } from '../../src/vision/picture/anyres.ts';
import { mapSize, patchesOf } from '../../src/vision/picture/shown-patches.ts';
import { choosers } from '../../tools/accuracy/ablation/patch-choosers.ts';

const gridPinpoints = [[672, 672]] as const;
const plan = planAnyres({ width: 1280, height: 720, imageSize: 336, patchSize: 14, gridPinpoints });
/** Squares that tell which one they are. */
const cut = { plan, overview: Uint8Array.of(0), tiles: [1, 2, 3, 4].map((tile) => Uint8Array.of(tile)) };
const scene = sampleScene(900_001, { width: 1280, height: 720 });
const sum = (marks: Uint8Array): number => marks.reduce((all, mark) => all + mark, 0);

test('random patches: as many as the budget, the same for a seed', () => {
  const chosen = choosers.random(cut, 600, scene);
  expect(sum(chosen)).toBe(600);
  expect(choosers.random(cut, 600, scene)).toEqual(chosen);
  expect(choosers.random(cut, 600, { ...scene, seed: 1 })).not.toEqual(chosen);
});

test('shapes first: all patches of the shapes, and chance fills the budget', () => {
  const [{ centrePx, radiusPx }] = scene.shapes as [(typeof scene.shapes)[0]];
  const [x, y] = [centrePx[0] / 1280, centrePx[1] / 720];
  const [across, down] = [radiusPx / 1280, radiusPx / 720];
  const first = patchesOf(
    plan,
    [{ left: x - across, right: x + across, top: y - down, bottom: y + down }],
    0,
  );
  const chosen = choosers['shapes first'](cut, 600, scene);
  expect(sum(chosen)).toBe(600);
  expect(first.every((mark, patch) => !mark || chosen[patch])).toBe(true);
});

test('attended patches: a tile to which the class token of the overview pays nothing is not encoded', async () => {
  const encoded: number[] = [];
  const encodeAttendedTile = async ([square]: Uint8Array): Promise<AttendedTile> => {
    encoded.push(square!);
    const classAttention = Float32Array.from({ length: 576 }, (_, at) => (at % 24 < 12 ? 1 / 288 : 0));
    return { embeddings: new Float32Array(), classAttention };
  };
  const chosen = await choosers.attended(cut, 100, scene, { encodeAttendedTile });
  expect(encoded).toEqual([0, 1, 3]);
  expect(sum(chosen)).toBe(100);
  // The left half of the left tiles.
  const { columns } = mapSize(plan);
  expect(chosen.every((mark, patch) => !mark || patch % columns < 12)).toBe(true);
});
