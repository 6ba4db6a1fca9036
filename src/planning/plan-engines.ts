import type { Board } from '../board/board.ts';
import { PlanError } from '../domain/errors.ts';
import type { ModelSizing } from '../domain/model-sizing.ts';
import { type EnginePlan, leastBytes, type PlanSettings, planEngine, type Tuning } from './plan-engine.ts';
import { gibibytes, memoryBudget } from './plan-memory.ts';

/** A model with its job, and how it is to run. */
export interface PlannedModel {
  readonly sizing: ModelSizing;
  readonly settings: PlanSettings;
  readonly tuning: Tuning | null;
}

/**
 * Fits models that are loaded at the same time to a board. Each gets the best plan that leaves the later ones what they need at
 * least, so a later one is reduced before an earlier one.
 * @throws PlanError as {@link planEngine}; or, if they do not fit together, one that says which to drop
 */
export function planEngines(board: Board, models: readonly PlannedModel[]): EnginePlan[] {
  const plans: EnginePlan[] = [];
  for (const [index, { sizing, settings, tuning }] of models.entries()) {
    const othersBytes = sum([
      ...plans.map(({ memory }) => memory.totalBytes),
      ...models.slice(index + 1).map((other) => leastBytes(other.sizing, other.settings)),
    ]);
    try {
      plans.push(planEngine(board, sizing, settings, tuning, othersBytes));
    } catch (cause) {
      const isShort = cause instanceof PlanError && cause.neededBytes !== null;
      if (!isShort || models.length === 1 || settings.memoryBytes !== null) throw cause;
      throw togetherRefusal(board, models, cause);
    }
  }
  return plans;
}

function togetherRefusal(board: Board, models: readonly PlannedModel[], cause: unknown): PlanError {
  const budget = memoryBudget(board);
  const needs = models.map(({ sizing, settings }) => ({
    key: settings.key ?? 'model',
    bytes: leastBytes(sizing, settings),
  }));
  const neededBytes = sum(needs.map(({ bytes }) => bytes));
  // The last one describes, and can answer too.
  const kept = needs.findLast(({ bytes }) => bytes <= budget.bytes);
  const dropped = needs.filter((need) => need !== kept).map(({ key }) => key);
  const remedy = kept
    ? `drop ${dropped.join(', ')}, and use ${kept.key} as model, which fits alone`
    : 'neither fits alone; use smaller ones';
  const list = needs.map(({ key, bytes }) => `${key} needs at least ${gibibytes(bytes)}`).join(' and ');
  return new PlanError(
    `models: ${list} of memory, but together they may use only ${gibibytes(budget.bytes)} (${budget.reason}); ${remedy}`,
    { neededBytes, budgetBytes: budget.bytes, mayPass: neededBytes <= budget.quietBytes },
    { cause },
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
