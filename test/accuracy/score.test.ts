import { expect, test } from 'vitest';
import type { Scene } from '../../src/camera/scene-layout.ts';
import { sceneTruth } from '../../src/camera/scene-truth.ts';
import type { DescriptionPayload } from '../../src/contract/payloads.ts';
import {
  heldOutScenes,
  heldOutScenesOfBothSizes,
  parseShapes,
  sceneOf,
} from '../../tools/accuracy/held-out-scenes.ts';
import type { DescribedScene } from '../../tools/accuracy/real-path.ts';
import { overall, scoreOf, shortfalls } from '../../tools/accuracy/score.ts';

/** A scene whose truth is "a", with one question whose truth is "b". */
function scene(width: number, described: string, answered: string): DescribedScene {
  return {
    seed: 900_000,
    size: { width, height: 480 },
    truth: { caption: 'a', questions: [{ kind: 'count', question: 'How many?', answer: 'b' }] },
    payload: { description: described, answers: { q0: answered } } as unknown as DescriptionPayload,
  };
}
const times = (count: number, item: DescribedScene): DescribedScene[] =>
  Array.from({ length: count }, () => item);

test('only the exact words count', () => {
  const score = scoreOf([scene(640, 'a', 'b'), scene(640, 'A', 'b'), scene(320, 'a', '')]);
  expect(overall(score.captions)).toEqual({ right: 2, total: 3 });
  expect(score.captions.get('640x480')).toEqual({ right: 1, total: 2 });
  expect(overall(score.questions)).toEqual({ right: 2, total: 3 });
  expect(score.misses).toHaveLength(2);
});

test('each mark is checked', () => {
  expect(shortfalls(scoreOf([...times(19, scene(640, 'a', 'b')), scene(640, 'x', 'b')]))).toEqual([]);
  expect(
    shortfalls(scoreOf([...times(18, scene(640, 'a', 'b')), ...times(2, scene(640, 'x', 'b'))])),
  ).toHaveLength(1);
  expect(shortfalls(scoreOf([...times(60, scene(640, 'a', 'b')), scene(320, 'x', 'b')]))).toEqual([
    expect.stringContaining('captions at 320x480'),
  ]);
  expect(
    shortfalls(scoreOf([...times(18, scene(640, 'a', 'b')), ...times(2, scene(640, 'a', 'x'))])),
  ).toEqual([expect.stringContaining('questions')]);
});

test('small shapes have marks of their own', () => {
  const nine = scoreOf([...times(9, scene(640, 'a', 'b')), scene(640, 'x', 'x')]);
  expect(shortfalls(nine, 'small')).toEqual([]);
  expect(shortfalls(nine, 'mixed')).toEqual([]);
  expect(shortfalls(nine, 'large')).toHaveLength(2);
  const eight = scoreOf([...times(8, scene(640, 'a', 'b')), ...times(2, scene(640, 'x', 'b'))]);
  expect(shortfalls(eight, 'small')).toEqual([expect.stringContaining('captions: 80.0 % is below 90 %')]);
});

test('scenes of small shapes are the same scenes, their shapes smaller', () => {
  const [large, small] = (['large', 'small'] as const).map((shapes) =>
    heldOutScenes(900_000, 8, shapes).map(sceneOf),
  ) as [Scene[], Scene[]];
  expect(small.map((each) => sceneTruth(each))).toEqual(large.map((each) => sceneTruth(each)));
  const radii = (scenes: Scene[]): number[] =>
    scenes.flatMap(({ shapes, width, height }) =>
      shapes.map(({ radiusPx }) => radiusPx / Math.min(width, height)),
    );
  expect(Math.max(...radii(small))).toBeLessThanOrEqual(0.05);
  expect(Math.min(...radii(large))).toBeGreaterThanOrEqual(0.09);
  expect(heldOutScenes(900_000, 1)[0]!.shapes).toBe('large');
  expect(parseShapes('mixed')).toBe('mixed');
  expect(() => parseShapes('tiny')).toThrow('--shapes tiny: must be one of large, small, mixed');
});

test('no trained scene is judged', () => {
  expect(() => heldOutScenes(899_999, 1)).toThrow(/--from-seed 899999/);
  expect(heldOutScenes(900_000, 300).filter(({ size }) => size.width === 336)).toHaveLength(75);
});

test('each scene with large shapes and with small ones, in turn', () => {
  const both = heldOutScenesOfBothSizes(900_000, 5);
  expect(both.map(({ shapes }) => shapes)).toEqual(Array(5).fill(['large', 'small']).flat());
  expect(both.filter(({ shapes }) => shapes === 'large')).toEqual(heldOutScenes(900_000, 5));
  expect(both.filter(({ shapes }) => shapes === 'small')).toEqual(heldOutScenes(900_000, 5, 'small'));
});
