import { expect, test } from 'vitest';
import { firstGroup } from '../../src/vision/turn-group.ts';

const turn = (
  tokens: number,
  maxTokens: number,
  before = '',
): { prompt: { before: string }; tokens: Int32Array; maxTokens: number } => ({
  prompt: { before },
  tokens: new Int32Array(tokens),
  maxTokens,
});
const turns = [turn(10, 30), turn(10, 10), turn(5, 5), turn(5, 5, 'other')];

test.each([
  ['all that follow the same text', { maxTurns: 8, freeCells: 1000 }, 3],
  ['no more than the engine can fork', { maxTurns: 2, freeCells: 1000 }, 2],
  ['one, if the model cannot be forked', { maxTurns: 0, freeCells: 1000 }, 1],
  ['as many as fit with their answers', { maxTurns: 8, freeCells: 60 }, 2],
  ['no second one without room for its answer', { maxTurns: 8, freeCells: 59 }, 1],
  ['the first, even if it does not fit', { maxTurns: 8, freeCells: 20 }, 1],
])('a group has %s', (_, engine, count) => {
  expect(firstGroup(turns, engine)).toEqual(turns.slice(0, count));
});
