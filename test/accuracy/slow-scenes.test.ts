import { expect, test } from 'vitest';
import { sceneTruth } from '../../src/camera/scene-truth.ts';
import { happenings, saysChange, slowScenes } from '../../tools/accuracy/ablation/slow-scenes.ts';

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
