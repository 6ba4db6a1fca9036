/**
 * Checks that a picture of which only a part is shown is laid out in training (shown_patches.py, model.py) exactly as the engine
 * lays it out: the same patches for an area, in the same order. Exit 1 at the first difference. train.sh runs it first.
 *
 *   node tools/demo-model/check-shown.ts
 */
import { deepStrictEqual } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { sceneRandom } from '../../src/camera/scene-random.ts';
import type { PictureArea } from '../../src/domain/picture-area.ts';
import { type Plan, planAnyres } from '../../src/vision/picture/anyres.ts';
import { assemble } from '../../src/vision/picture/assemble.ts';
import { areaMargin, patchesOf } from '../../src/vision/picture/shown-patches.ts';

const sides: readonly (readonly [number, number])[] = [
  [640, 480],
  [1280, 720],
  [720, 1280],
  [336, 336],
  [900, 300],
  [300, 900],
  [424, 240],
  [97, 73],
];
const areasOfSize = 12;

const cases = sides.flatMap((size) =>
  Array.from({ length: areasOfSize }, (_, index) => ({
    size,
    area: areaOf(index),
    margin: index % 3 === 0 ? 0 : areaMargin,
  })),
);
const python = process.env['PYTHON'] ?? '/usr/bin/python3';
const rectangle = ({ left, top, right, bottom }: PictureArea[number]): number[] => [left, top, right, bottom];
const asked = cases.map((each) => ({ ...each, area: each.area.map(rectangle) }));
const said = execFileSync(python, [join(import.meta.dirname, 'check_shown.py')], {
  input: JSON.stringify(asked),
  encoding: 'utf8',
});
for (const [index, trained] of (JSON.parse(said) as { shown: number[]; order: number[] }[]).entries()) {
  const { size, area, margin } = cases[index]!;
  const plan = planOf(size);
  const shown = patchesOf(plan, area, margin);
  const what = `${size.join('x')}, ${JSON.stringify(area)}, margin ${margin}`;
  deepStrictEqual(trained.shown, [...shown], `other patches are shown in training: ${what}`);
  deepStrictEqual(trained.order, orderOf(plan, shown), `the order is another one in training: ${what}`);
}
console.log(`${cases.length} partly shown pictures are laid out in training as in the engine`);

/** Up to three rectangles, some touching a side; none for the first. */
function areaOf(seed: number): PictureArea {
  const random = sceneRandom(seed);
  return Array.from({ length: seed === 0 ? 0 : 1 + random.below(3) }, () => {
    const [left, top] = [random.between(0, 0.9), random.between(0, 0.9)];
    return {
      left: random.chance(0.2) ? 0 : left,
      top: random.chance(0.2) ? 0 : top,
      right: Math.min(1, left + random.between(0.01, 0.4)),
      bottom: Math.min(1, top + random.between(0.01, 0.4)),
    };
  });
}

/** The demo model's plan of a picture. */
function planOf([width, height]: readonly [number, number]): Plan {
  const gridPinpoints = [
    [112, 224],
    [224, 112],
    [224, 224],
    [336, 112],
    [112, 336],
  ] as const;
  return planAnyres({ width, height, imageSize: 112, patchSize: 14, gridPinpoints });
}

function orderOf(plan: Plan, shown: Uint8Array): number[] {
  const patches = plan.patchesPerSide ** 2;
  const square = (number: number): Float32Array =>
    Float32Array.from({ length: patches }, (_, patch) => number * patches + patch);
  const tiles = plan.tiles.map((_, tile) => square(tile + 1));
  return [...assemble(plan, square(0), tiles, Float32Array.of(-1), shown)];
}
