import { expect, test } from 'vitest';
import { sceneTruth } from '../../src/camera/scene-truth.ts';
import { planAnyres } from '../../src/vision/picture/anyres.ts';
import { happenings, saysChange, slowScenes } from '../../tools/accuracy/ablation/slow-scenes.ts';
import { choosers } from '../../tools/accuracy/ablation/views.ts';

const size = { width: 640, height: 480 };

test.each(['large', 'small'] as const)('in a slow scene of %s shapes one thing happens', (sizes) => {
  const scenes = slowScenes(940_000, 60, size, sizes);
  expect(scenes.map(({ happening }) => happening).slice(0, 4)).toEqual([...happenings, 'moves']);
  for (const { happening, before, after, thing } of scenes) {
    expect({ ...after, shapes: [] }).toEqual({ ...before, shapes: [] });
    const gone = before.shapes.filter((shape) => !after.shapes.includes(shape));
    const come = after.shapes.filter((shape) => !before.shapes.includes(shape));
    expect([gone.length, come.length]).toEqual({ moves: [1, 1], appears: [0, 1], goes: [1, 0] }[happening]);
    expect([...gone, ...come].map(({ colour, kind }) => `${colour} ${kind}`)).toContain(
      `${thing.colour} ${thing.kind}`,
    );
    expect(new Set(after.shapes.map(({ cell }) => cell)).size).toBe(after.shapes.length);
    expect(after.shapes).toEqual(after.shapes.toSorted((a, b) => a.cell - b.cell));
  }
});

test('a caption says the change if it names the thing in its place, or not any more', () => {
  for (const slow of slowScenes(940_000, 60, size, 'large')) {
    expect(saysChange(slow, sceneTruth(slow.after).caption)).toBe(true);
    expect(saysChange(slow, sceneTruth(slow.before).caption)).toBe(false);
  }
});

test('random patches: as many as the budget, the same for a seed', () => {
  const gridPinpoints = [[672, 672]] as const;
  const plan = planAnyres({ width: 1280, height: 720, imageSize: 336, patchSize: 14, gridPinpoints });
  const { after } = slowScenes(940_000, 1, size, 'large')[0]!;
  const chosen = choosers['random']!(plan, 600, after);
  expect(chosen.reduce((sum, mark) => sum + mark, 0)).toBe(600);
  expect(choosers['random']!(plan, 600, after)).toEqual(chosen);
  expect(choosers['random']!(plan, 600, { ...after, seed: 1 })).not.toEqual(chosen);
});
