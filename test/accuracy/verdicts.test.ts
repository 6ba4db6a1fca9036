import { expect, test } from 'vitest';
import { budgetVerdict, changedVerdict } from '../../tools/accuracy/ablation/verdicts.ts';

const of = (right: number): { right: number; total: number } => ({ right, total: 100 });

test('what has changed: at most two points fewer changes, at most half of the tokens and squares', () => {
  const full = { changes: of(99), tokens: 270, squares: 5 };
  const changed = { changes: of(97), tokens: 135, squares: 2.5 };
  expect(changedVerdict(full, changed)).toBe(
    'changed: 2.0 points fewer changes (at most 2), 50.0 % of the tokens, 50.0 % of the squares (at most 50.0 %): good enough',
  );
  expect(changedVerdict(full, { ...changed, changes: of(96) })).toMatch(/: not good enough$/);
  expect(changedVerdict(full, { ...changed, tokens: 136 })).toMatch(/: not good enough$/);
  expect(changedVerdict(full, { ...changed, squares: 2.6 })).toMatch(/: not good enough$/);
});

test('a budget: more captions than by chance, and 95 % of those with all, for half of the tokens', () => {
  const view = (right: number, tokens = 135) => ({ captions: of(right), tokens });
  expect(budgetVerdict('attended', view(80, 270), view(70), view(76))).toBe(
    'attended, 50.0 % of the tokens (at most 50.0 %): 76 of 100 captions right, 70 by chance; 95.0 % of those with all (at least 95.0 %): good enough',
  );
  expect(budgetVerdict('attended', view(80, 270), view(70), view(75))).toMatch(/: not good enough$/);
  expect(budgetVerdict('attended', view(80, 270), view(76), view(76))).toMatch(/: not good enough$/);
  expect(budgetVerdict('attended', view(80, 270), view(70), view(76, 136))).toMatch(/: not good enough$/);
  expect(budgetVerdict('attended', view(0, 270), view(0), view(0))).toMatch(/: not good enough$/);
});
