import { expect, test } from 'vitest';
import { llava7b, project } from '../../tools/arm64/projection.ts';

const counts = {
  ...{ all: 1000, module: 600, attentionProduct: 100, attentionRest: 50, matrices: 400 },
  ...{ attentionKinds: {}, functions: [] },
};

test('a model projected to itself has its measured counts', () => {
  expect(project(counts, llava7b, llava7b)).toEqual({ attention: 150, matrices: 400, rest: 50, all: 600 });
});

test('twice the tokens take four times the attention and twice the rest; twice the blocks twice everything', () => {
  const { tokens, blocks } = llava7b;
  expect(project(counts, llava7b, { ...llava7b, tokens: 2 * tokens })).toMatchObject({
    ...{ attention: 600, matrices: 800, rest: 100 },
  });
  expect(project(counts, llava7b, { ...llava7b, blocks: 2 * blocks }).all).toBe(1200);
});
