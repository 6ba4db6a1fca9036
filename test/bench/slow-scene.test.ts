import { expect, test } from 'vitest';
import { sceneTruth } from '../../src/camera/scene-truth.ts';
import { slowScene } from '../../tools/bench/speed/scenes.ts';

test('one thing moves every third picture, and only the noise changes in between', () => {
  const [first, , third, fourth] = [0, 1, 2, 3].map(slowScene);
  expect(sceneTruth(third!).caption).toBe(sceneTruth(first!).caption);
  expect(third!.noiseSeed).not.toBe(first!.noiseSeed);
  const moved = fourth!.shapes.filter(
    ({ centrePx }) => !first!.shapes.some((shape) => shape.centrePx.join() === centrePx.join()),
  );
  expect(moved).toHaveLength(1);
  expect(sceneTruth(fourth!).caption).not.toBe(sceneTruth(first!).caption);
});
