import { expect, test } from 'vitest';
import type { DescriptionPayload } from '../../src/contract/payloads.ts';
import { heldOutScenes } from '../../tools/accuracy/held-out-scenes.ts';
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

test('no trained scene is judged', () => {
  expect(() => heldOutScenes(899_999, 1)).toThrow(/--from-seed 899999/);
  expect(heldOutScenes(900_000, 300).filter(({ size }) => size.width === 336)).toHaveLength(75);
});
