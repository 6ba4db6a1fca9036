import type { Board } from '../board/board.ts';
import type { Detail, ModelDetail } from '../domain/detail.ts';
import { PlanError } from '../domain/errors.ts';
import type { KvType, ModelSizing, PictureCost } from '../domain/model-sizing.ts';
import { type CpuChoice, chooseCpus } from './choose-cpus.ts';
import { refuseTooFewTokens, tokensReason } from './limit-tokens.ts';
import { type Choice, choicesOf, contextStep, degradedFrom } from './plan-choices.ts';
import { gibibytes, type MemoryBudget, type MemoryPlan, memoryBudget, memoryOf } from './plan-memory.ts';
import { type DescriptionTimes, projectTimes, usualTokens } from './project-times.ts';

/** The config's settings; null: the plan decides. */
export interface PlanSettings {
  readonly detail: Detail;
  /** Looks closely only at what has changed, if the model can. Default: at everything. */
  readonly changedOnly?: boolean;
  /** Image tokens of a picture, at most, as in the model's sizing. Default: no limit. */
  readonly maxImageTokens?: number | null;
  readonly contextSize: number | null;
  readonly threads: number | null;
  /** Max length of a description or free-text answer. */
  readonly maxTokens: number;
  /** Max memory for the engine. */
  readonly memoryBytes: number | null;
  /** Path of the model's section in the config. Default: `model`. */
  readonly key?: string;
}

/** How fast a model runs, as measured. */
export interface Rates {
  /** Milliseconds the vision encoder takes for one square. */
  readonly encodeMs: number;
  /** Tokens per second. */
  readonly prefill: number;
  readonly decode: number;
}

/** The best settings that `scenecast tune` measured for this model on this board. */
export interface Tuning {
  /** While generating; see {@link EnginePlan}. */
  readonly threads: number;
  readonly threadsBatch: number;
  readonly cpus: readonly number[] | null;
  readonly ubatchSize: number;
  readonly flashAttention: 'auto' | 'on' | 'off';
  readonly cpuModule: string | null;
  readonly rates: Rates;
}

/** The engine's settings, with a reason for each. */
export interface EnginePlan {
  readonly detail: Detail;
  /** Of the largest picture. */
  readonly imageTokens: number;
  /** At most, of any picture; null: no limit, or one that has no effect. */
  readonly maxImageTokens: number | null;
  /** What a typical change takes where the engine looks closely only at that; null: it looks at everything. */
  readonly changed: ChangePlan | null;
  readonly maxTokens: number;
  readonly contextSize: number;
  readonly kvType: KvType;
  readonly batchSize: number;
  readonly ubatchSize: number;
  /** While generating. */
  readonly threads: number;
  /** While encoding and prefilling. */
  readonly threadsBatch: number;
  readonly cpus: readonly number[] | null;
  readonly flashAttention: 'auto' | 'on' | 'off';
  readonly useMmap: boolean;
  readonly useMlock: boolean;
  readonly memory: MemoryPlan;
  readonly kvBytes: number;
  readonly budgetBytes: number;
  /** Null if this board's speed is unknown. */
  readonly expected: Expectation | null;
  readonly reasons: Readonly<Record<PlannedKnob, string>>;
  /** Reductions that make the model fit. */
  readonly degraded: readonly string[];
}

export interface ChangePlan {
  readonly imageTokens: number;
  /** Null if this board's speed is unknown. */
  readonly expected: Expectation | null;
}

/** The name of a plan's detail, as in the config. */
export function detailOf({ detail, changed }: Pick<EnginePlan, 'detail' | 'changed'>): ModelDetail {
  return changed ? 'changed' : detail;
}

export type PlannedKnob =
  | 'detail'
  | 'context_size'
  | 'kv_type'
  | 'batch_size'
  | 'ubatch_size'
  | 'threads'
  | 'threads_batch'
  | 'flash_attention'
  | 'mmap'
  | 'mlock'
  | 'memory';

/** Seconds for one description. */
export interface Expectation extends DescriptionTimes {
  readonly basis: 'measured' | 'projected';
  readonly totalSeconds: number;
}

/** Copies of a few weights (such as norms) are no reason to read a file instead of mapping it. */
const maxCopiedShare = 0.1;

/**
 * Fits a model to a board. To fit, it gives up in this order: the earlier picture, the turns that run at once, detail, the
 * length of answers, then the type of the KV cache, as q8_0 costs speed.
 * @param othersBytes memory for other models, out of what is available
 * @throws PlanError with the memory needed if nothing helps, or if the config's context or limit of image tokens is too small.
 */
export function planEngine(
  board: Board,
  model: ModelSizing,
  settings: PlanSettings,
  tuning: Tuning | null = null,
  othersBytes = 0,
): EnginePlan {
  const { key = 'model', memoryBytes } = settings;
  const budget =
    memoryBytes === null
      ? memoryBudget(board, othersBytes)
      : { bytes: memoryBytes, quietBytes: memoryBytes, reason: `${key}.memory` };
  const choices = choicesOf(model, settings);
  refuseTooFewTokens(choices[0]!.detail, settings, budget);
  const fits = (choice: Choice): boolean =>
    memoryFor(model, choice).totalBytes <= budget.bytes &&
    (settings.contextSize === null || choice.contextSize <= settings.contextSize);
  const chosen = choices.find(fits);
  if (!chosen) throw refusal(model, choices, budget, settings);
  const { detail, context, contextSize, maxTokens, needed } = chosen;
  const useMmap = usesMmap(model);
  const memory = memoryFor(model, chosen);
  const cpu =
    tuning && settings.threads === null
      ? { ...tuning, reason: 'measured by scenecast tune' }
      : sameForBatches(chooseCpus(board, settings.threads, key));
  const expectedOf = (cost: PictureCost): Expectation | null => {
    if (tuning) return expectationOf(tuning.rates, cost, model);
    const projected = projectTimes(board, cpu, model, cost, context);
    return projected && withTotal('projected', projected);
  };
  const { changed } = settings.changedOnly ? detail : {};
  return {
    detail: detail.detail,
    imageTokens: detail.imageTokens,
    maxImageTokens: detail.limit ? (settings.maxImageTokens ?? null) : null,
    changed: changed ? { imageTokens: changed.imageTokens, expected: expectedOf(changed) } : null,
    maxTokens,
    contextSize,
    kvType: context.kvType,
    batchSize: 2048,
    ubatchSize: model.ubatchSize,
    threads: cpu.threads,
    threadsBatch: cpu.threadsBatch,
    cpus: cpu.cpus,
    flashAttention: tuning?.flashAttention ?? 'auto',
    useMmap,
    useMlock: false,
    memory,
    kvBytes: context.kvBytesPerToken * contextSize,
    budgetBytes: budget.bytes,
    expected: expectedOf(detail),
    reasons: {
      detail: `${tokensReason(model, detail, settings)}${changeReason(settings, changed)}`,
      context_size:
        settings.contextSize === null
          ? `${needed} tokens for ${chosen.comparesPictures ? 'the picture and the earlier one' : 'picture'}, ${chosen.isTogether ? 'prompts and answers' : 'the longest prompt and its answer'}, rounded up to a multiple of ${contextStep}`
          : `${key}.context_size; ${needed} tokens are needed`,
      kv_type: context.kvType === 'f16' ? 'exact, and fastest' : 'half the memory, and slower',
      batch_size: 'few calls for a picture',
      ubatch_size:
        model.ubatchSize > 576 ? 'a picture is computed at once' : 'a LLaVA tile (576 tokens) is not split',
      threads: cpu.reason,
      threads_batch: `while encoding and prefilling: ${cpu.reason}`,
      flash_attention: tuning
        ? 'measured by scenecast tune'
        : 'used where the model allows it: less memory, and faster on tuned kernels',
      mmap: useMmap
        ? 'the weights are used unchanged from the file'
        : 'the weights are repacked for this CPU: a mapped file would stay in memory next to the copies',
      mlock: 'the kernel must be able to reclaim memory before the board stalls',
      memory: budget.reason,
    },
    degraded: degradedFrom(choices[0]!, chosen),
  };
}

function changeReason(
  { changedOnly, key = 'model' }: PlanSettings,
  changed: PictureCost | undefined,
): string {
  if (!changedOnly) return '';
  return changed
    ? `, about ${changed.imageTokens} after a change of an eighth of it`
    : `; ${key}.detail: changed has no effect, as only pictures in tiles of LLaVA-1.6 have parts to leave out`;
}

/** Each phase gains by every CPU; `scenecast tune` measures whether that holds. */
function sameForBatches(choice: CpuChoice): CpuChoice & { readonly threadsBatch: number } {
  return { ...choice, threadsBatch: choice.threads };
}

function usesMmap({ repackedWeightsBytes, textBytes }: ModelSizing): boolean {
  return repackedWeightsBytes <= textBytes * maxCopiedShare;
}

function memoryFor(model: ModelSizing, { detail, context, contextSize }: Choice): MemoryPlan {
  return memoryOf(model, detail, context, contextSize, usesMmap(model));
}

/** The minimum memory for a job, with every reduction. */
export function leastBytes(model: ModelSizing, settings: PlanSettings): number {
  return Math.min(...choicesOf(model, settings).map((choice) => memoryFor(model, choice).totalBytes));
}

function refusal(
  model: ModelSizing,
  choices: readonly Choice[],
  budget: MemoryBudget,
  settings: PlanSettings,
): PlanError {
  const { contextSize, key = 'model' } = settings;
  const shortest = choices.reduce((a, b) => (b.needed < a.needed ? b : a));
  if (contextSize !== null && shortest.needed > contextSize)
    return new PlanError(
      `${key}.context_size ${contextSize}: the longest turn needs ${shortest.needed} tokens, ${shortest.detail.imageTokens} of them for the picture; raise it to ${shortest.contextSize}, or remove it`,
      { neededBytes: null, budgetBytes: budget.bytes, mayPass: false },
    );
  const neededBytes = leastBytes(model, settings);
  return new PlanError(
    `${model.name}: needs at least ${gibibytes(neededBytes)} of memory, but may use only ${gibibytes(budget.bytes)} (${budget.reason})`,
    { neededBytes, budgetBytes: budget.bytes, mayPass: neededBytes <= budget.quietBytes },
  );
}

/** The expected time of a description at measured rates. */
export function expectationOf(
  rates: Rates,
  { imageTokens, squares }: PictureCost,
  { freeTurnTokens }: ModelSizing,
): Expectation {
  return withTotal('measured', {
    encodeSeconds: (rates.encodeMs * squares.length) / 1000,
    prefillSeconds: (imageTokens + freeTurnTokens) / rates.prefill,
    generateSeconds: usualTokens(freeTurnTokens) / rates.decode,
  });
}

function withTotal(basis: Expectation['basis'], times: DescriptionTimes): Expectation {
  const { encodeSeconds, prefillSeconds, generateSeconds } = times;
  return { basis, ...times, totalSeconds: encodeSeconds + prefillSeconds + generateSeconds };
}
