import type { Board } from '../board/board.ts';
import type { Detail } from '../domain/detail.ts';
import { PlanError } from '../domain/errors.ts';
import type { ContextSizing, DetailSizing, KvType, ModelSizing } from '../domain/model-sizing.ts';
import { projectRates, type Rates } from './board-rates.ts';
import { chooseCpus } from './choose-cpus.ts';
import { type MemoryBudget, type MemoryPlan, memoryBudget, memoryOf } from './plan-memory.ts';

/** What the config fixes; null: the plan decides. */
export interface PlanSettings {
  readonly detail: Detail;
  readonly contextSize: number | null;
  readonly threads: number | null;
  /** The longest description or free-text answer, in tokens. */
  readonly maxTokens: number;
  /** What the engine may take of the memory. */
  readonly memoryBytes: number | null;
}

/** What `scenecast tune` found best for this model on this board. */
export interface Tuning {
  readonly threads: number;
  readonly cpus: readonly number[] | null;
  readonly ubatchSize: number;
  readonly flashAttention: 'auto' | 'on' | 'off';
  readonly cpuModule: string | null;
  readonly rates: Rates;
}

/** How the engine is to run, with a reason for each choice. */
export interface EnginePlan {
  readonly detail: Detail;
  readonly imageTokens: number;
  readonly maxTokens: number;
  readonly contextSize: number;
  readonly kvType: KvType;
  readonly batchSize: number;
  readonly ubatchSize: number;
  readonly threads: number;
  readonly cpus: readonly number[] | null;
  readonly flashAttention: 'auto' | 'on' | 'off';
  readonly useMmap: boolean;
  readonly useMlock: boolean;
  readonly memory: MemoryPlan;
  readonly kvBytes: number;
  readonly budgetBytes: number;
  /** Null where nothing is known of this board's speed. */
  readonly expected: Expectation | null;
  readonly reasons: Readonly<Record<PlannedKnob, string>>;
  /** What was given up so that it fits. */
  readonly degraded: readonly string[];
}

export type PlannedKnob =
  | 'detail'
  | 'context_size'
  | 'kv_type'
  | 'batch_size'
  | 'ubatch_size'
  | 'threads'
  | 'flash_attention'
  | 'mmap'
  | 'mlock'
  | 'memory';

/** Seconds for one description. */
export interface Expectation {
  readonly basis: 'measured' | 'projected';
  readonly encodeSeconds: number;
  readonly prefillSeconds: number;
  readonly generateSeconds: number;
  readonly totalSeconds: number;
}

/** llama.cpp rounds a context up to this. */
const contextStep = 256;
/** Answers are cut no shorter than this where the memory is short. */
const leastMaxTokens = 64;
/** A description as models write it; only expected times lean on it. */
const usualDescriptionTokens = 60;
/** Copies of a few weights (norms and such) are no reason to read a file instead of mapping it. */
const mostCopiedShare = 0.1;

/**
 * Fits a model to a board. What does not fit gives up, in this order: detail, then the context (shorter answers), then
 * the type of the KV cache, as q8_0 costs speed.
 * @throws PlanError with the memory it would need where nothing helps, or the config's context is too small.
 */
export function planEngine(
  board: Board,
  model: ModelSizing,
  settings: PlanSettings,
  tuning: Tuning | null = null,
): EnginePlan {
  const budget =
    settings.memoryBytes === null
      ? memoryBudget(board)
      : { bytes: settings.memoryBytes, quietBytes: settings.memoryBytes, reason: 'model.memory' };
  const useMmap = model.repackedWeightsBytes <= model.textBytes * mostCopiedShare;
  const choices = choicesOf(model, settings);
  const fits = (choice: Choice): boolean =>
    memoryFor(model, choice, useMmap).totalBytes <= budget.bytes &&
    (settings.contextSize === null || choice.contextSize <= settings.contextSize);
  const chosen = choices.find(fits);
  if (!chosen) throw refusal(model, choices, useMmap, budget, settings);
  const { detail, context, contextSize, maxTokens, needed } = chosen;
  const memory = memoryFor(model, chosen, useMmap);
  const cpu =
    tuning && settings.threads === null
      ? { ...tuning, reason: 'measured by scenecast tune' }
      : chooseCpus(board, settings.threads);
  const rates = tuning?.rates ?? projectRates(board, cpu.cpus ?? board.allowedCpus, model);
  return {
    detail: detail.detail,
    imageTokens: detail.imageTokens,
    maxTokens,
    contextSize,
    kvType: context.kvType,
    batchSize: 2048,
    ubatchSize: model.ubatchSize,
    threads: cpu.threads,
    cpus: cpu.cpus,
    flashAttention: tuning?.flashAttention ?? 'auto',
    useMmap,
    useMlock: false,
    memory,
    kvBytes: context.kvBytesPerToken * contextSize,
    budgetBytes: budget.bytes,
    expected: rates && expectationOf(rates, tuning ? 'measured' : 'projected', detail, model),
    reasons: {
      detail: `${detail.imageTokens} image tokens for the largest picture`,
      context_size:
        settings.contextSize === null
          ? `${needed} tokens for picture, prompt and answer, in steps of ${contextStep}`
          : `model.context_size; ${needed} tokens are needed`,
      kv_type: context.kvType === 'f16' ? 'exact, and fastest' : 'half the memory, and slower',
      batch_size: 'pictures are handed over in few calls',
      ubatch_size:
        model.ubatchSize > 576
          ? 'a picture is computed at once'
          : 'a tile of LLaVA, 576 tokens, is not cut in two',
      threads: cpu.reason,
      flash_attention: tuning
        ? 'measured by scenecast tune'
        : 'used where the model allows it: less memory, and faster on tuned kernels',
      mmap: useMmap
        ? 'the weights are used as they lie in the file'
        : 'the weights are repacked for this CPU: a mapped file would stay in memory beside the copies',
      mlock: 'the kernel must be able to take memory back before the board stalls',
      memory: budget.reason,
    },
    degraded: degradedFrom(choices[0]!, chosen),
  };
}

interface Choice {
  readonly detail: DetailSizing;
  readonly context: ContextSizing;
  readonly maxTokens: number;
  /** Tokens that the longest turn needs. */
  readonly needed: number;
  readonly contextSize: number;
}

/** The ways to do the job, best first. */
function choicesOf(model: ModelSizing, { detail, maxTokens, contextSize }: PlanSettings): Choice[] {
  const first = Math.max(
    0,
    model.details.findIndex((each) => each.detail === detail),
  );
  const details = model.details.slice(first);
  const choiceOf = (of: DetailSizing, tokens: number, context: ContextSizing): Choice => {
    const needed = of.imageTokens + Math.max(model.freeTurnTokens + tokens, model.typedTurnTokens);
    const rounded = Math.ceil(needed / contextStep) * contextStep;
    return {
      detail: of,
      context,
      maxTokens: tokens,
      needed,
      contextSize: contextSize !== null && needed <= contextSize ? contextSize : rounded,
    };
  };
  const [exact, ...smaller] = model.contexts as [ContextSizing, ...ContextSizing[]];
  const least = details.at(-1)!;
  const shorter = Math.min(maxTokens, leastMaxTokens);
  return [
    ...details.map((each) => choiceOf(each, maxTokens, exact)),
    choiceOf(least, shorter, exact),
    ...smaller.map((context) => choiceOf(least, shorter, context)),
  ];
}

function memoryFor(
  model: ModelSizing,
  { detail, context, contextSize }: Choice,
  useMmap: boolean,
): MemoryPlan {
  return memoryOf(model, detail, context, contextSize, useMmap);
}

function degradedFrom(wanted: Choice, chosen: Choice): string[] {
  return [
    ...(chosen.detail !== wanted.detail
      ? [`detail ${chosen.detail.detail} instead of ${wanted.detail.detail}`]
      : []),
    ...(chosen.maxTokens !== wanted.maxTokens
      ? [`answers of ${chosen.maxTokens} tokens instead of ${wanted.maxTokens}`]
      : []),
    ...(chosen.context !== wanted.context ? [`KV cache in ${chosen.context.kvType}`] : []),
  ];
}

function refusal(
  model: ModelSizing,
  choices: readonly Choice[],
  useMmap: boolean,
  budget: MemoryBudget,
  { contextSize }: PlanSettings,
): PlanError {
  const least = choices.reduce((a, b) => (b.needed < a.needed ? b : a));
  if (contextSize !== null && least.needed > contextSize)
    return new PlanError(
      `model.context_size ${contextSize}: the longest turn needs ${least.needed} tokens, ${least.detail.imageTokens} of them for the picture; raise it to ${least.contextSize}, or leave it out`,
      { neededBytes: null, budgetBytes: budget.bytes, mayPass: false },
    );
  const neededBytes = Math.min(...choices.map((choice) => memoryFor(model, choice, useMmap).totalBytes));
  const gibibytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(2)} GiB`;
  return new PlanError(
    `${model.name}: needs ${gibibytes(neededBytes)} of memory at the least, and may take ${gibibytes(budget.bytes)} (${budget.reason})`,
    { neededBytes, budgetBytes: budget.bytes, mayPass: neededBytes <= budget.quietBytes },
  );
}

/** What a description costs at these rates. */
export function expectationOf(
  rates: Rates,
  basis: Expectation['basis'],
  { imageTokens, squares }: DetailSizing,
  { freeTurnTokens }: ModelSizing,
): Expectation {
  const encodeSeconds = (rates.encodeMs * (squares ?? 1)) / 1000;
  const prefillSeconds = (imageTokens + freeTurnTokens) / rates.prefill;
  const generateSeconds = usualDescriptionTokens / rates.decode;
  const totalSeconds = encodeSeconds + prefillSeconds + generateSeconds;
  return { basis, encodeSeconds, prefillSeconds, generateSeconds, totalSeconds };
}
