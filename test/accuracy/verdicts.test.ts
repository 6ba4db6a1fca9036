import { expect, test } from 'vitest';
import { changedVerdict, halfVerdict } from '../../tools/accuracy/ablation/verdicts.ts';

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

test('half of the patches: more captions than by chance, and 95 % of those with all', () => {
  expect(halfVerdict('attended', of(80), of(70), of(76))).toBe(
    'attended, half of the patches: 76 of 100 captions right, 70 by chance; 95.0 % of those with all (at least 95.0 %): good enough',
  );
  expect(halfVerdict('attended', of(80), of(70), of(75))).toMatch(/: not good enough$/);
  expect(halfVerdict('attended', of(80), of(76), of(76))).toMatch(/: not good enough$/);
  expect(halfVerdict('attended', of(0), of(0), of(0))).toMatch(/: not good enough$/);
});
