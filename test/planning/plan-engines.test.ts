import { expect, test } from 'vitest';
import { PlanError } from '../../src/domain/errors.ts';
import { leastBytes, planEngine } from '../../src/planning/plan-engine.ts';
import { type PlannedModel, planEngines } from '../../src/planning/plan-engines.ts';
import { boardWith, defaultSettings, memoryOf, sizingWith } from '../board/sample-board.ts';

const gibibyte = 1024 ** 3;

const thorough: PlannedModel = {
  sizing: sizingWith(),
  settings: { ...defaultSettings, key: 'models.thorough' },
  tuning: null,
};
const quick: PlannedModel = {
  sizing: sizingWith({
    name: 'small',
    textBytes: 5e8,
    weightsBytes: 5e8,
    repackedWeightsBytes: 0,
    width: 1024,
  }),
  settings: { ...defaultSettings, key: 'models.quick' },
  tuning: null,
};
const both = [quick, thorough];
const least = both.map(({ sizing, settings }) => leastBytes(sizing, settings));
const best = both.map(({ sizing, settings }) => planEngine(boardWith(), sizing, settings).memory.totalBytes);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value);

/** A board on which this much may be used. */
const boardFor = (bytes: number) => {
  const board = boardWith({ memory: memoryOf(64, 64) });
  // 512 MiB are kept for other programs.
  return { ...board, memory: { ...board.memory, availableBytes: bytes + gibibyte / 2 } };
};

test('one model is planned as if alone', () => {
  expect(planEngines(boardWith(), [thorough])).toEqual([
    planEngine(boardWith(), thorough.sizing, thorough.settings),
  ]);
});

test('where both fit as they are, neither is reduced', () => {
  const plans = planEngines(boardFor(sum(best)), both);
  expect(plans.map(({ degraded }) => degraded)).toEqual([[], []]);
  expect(plans.map(({ memory }) => memory.totalBytes)).toEqual(best);
});

test('with less memory the thorough one is reduced before the quick one', () => {
  const plans = planEngines(boardFor(sum(best) - 1), both);
  expect(plans[0]!.degraded).toEqual([]);
  expect(plans[1]!.degraded).not.toEqual([]);
  expect(plans[1]!.reasons.memory).toMatch(/less 512 MiB for other programs and \d+ MiB for the other model/);
});

test.each([0, 0.25, 0.5, 0.75, 1])('what they need together is never above the budget: %d', (share) => {
  const budget = sum(least) + share * (sum(best) - sum(least));
  const plans = planEngines(boardFor(budget), both);
  expect(sum(plans.map(({ memory }) => memory.totalBytes))).toBeLessThanOrEqual(budget);
});

function refusalOf(bytes: number, models = both): PlanError {
  try {
    planEngines(boardFor(bytes), models);
  } catch (error) {
    if (error instanceof PlanError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

test('if they do not fit together, the plan says which to drop', () => {
  const refusal = refusalOf(sum(least) - 1e6);
  expect(refusal.message).toMatch(
    /^models: models\.quick needs at least \d\.\d\d GiB and models\.thorough needs at least \d\.\d\d GiB of memory, but together they may use only \d\.\d\d GiB \(.*\); drop models\.quick, and use models\.thorough as model, which fits alone$/,
  );
  expect(refusal).toMatchObject({ neededBytes: sum(least), mayPass: true });
  expect(refusalOf(least[0]!).message).toMatch(/; drop models\.thorough, and use models\.quick as model/);
  expect(refusalOf(1e6).message).toMatch(/; neither fits alone; use smaller ones$/);
});

test('a fault of one is reported as its own', () => {
  const small = { ...thorough, settings: { ...thorough.settings, contextSize: 512 } };
  expect(refusalOf(64 * gibibyte, [quick, small]).message).toMatch(/^models\.thorough\.context_size 512: /);
  const limited = { ...quick, settings: { ...quick.settings, memoryBytes: 1e6 } };
  expect(refusalOf(64 * gibibyte, [limited, thorough]).message).toMatch(
    /needs at least .* may use only 0\.00 GiB \(models\.quick\.memory\)/,
  );
});

test('a model that only answers typed questions needs no room for a description', () => {
  const asking = sizingWith({
    freeTurnTokens: 0,
    typedTurnTokens: 60,
    turnGroups: [{ tokens: 60, freeAnswers: 0, earlierPictures: 0 }],
  });
  const plan = planEngine(boardWith(), asking, defaultSettings);
  expect(plan.contextSize).toBe(2048); // 1948 + 60 = 2008
});
