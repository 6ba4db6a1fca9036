import type { Board } from '../board/board.ts';
import { formatCpuList } from '../board/cpu-list.ts';
import type { ModelSizing } from '../domain/model-sizing.ts';
import { detailOf, type EnginePlan, type Expectation } from '../planning/plan-engine.ts';

export interface PlannedModel {
  readonly board: Board;
  /** Path of the model's section in the config. */
  readonly key: string;
  readonly sizing: ModelSizing;
  readonly plan: EnginePlan;
}

/** The plans of models that are loaded at the same time, as text. */
export function plansText(planned: readonly PlannedModel[]): string {
  if (planned.length === 1) return planText(planned[0]!);
  const totalBytes = planned.reduce((sum, { plan }) => sum + plan.memory.totalBytes, 0);
  return [
    ...planned.map((each) => `${each.key}: ${planText(each)}`),
    `together: ${mebibytes(totalBytes)}`,
  ].join('\n\n');
}

/** Each value of a plan and why it was chosen. */
function planText({ board, sizing, plan }: PlannedModel): string {
  const { reasons, memory, expected } = plan;
  const rows: [string, string, string][] = [
    ['detail', detailOf(plan), reasons.detail],
    ['context', `${plan.contextSize} tokens`, reasons.context_size],
    ['KV cache', `${plan.kvType}, ${mebibytes(plan.kvBytes)}`, reasons.kv_type],
    ['batch', String(plan.batchSize), reasons.batch_size],
    ['ubatch', String(plan.ubatchSize), reasons.ubatch_size],
    ['threads', threadsText(plan), reasons.threads],
    ['threads batch', String(plan.threadsBatch), reasons.threads_batch],
    ['flash attn', plan.flashAttention, reasons.flash_attention],
    ['mmap', yesNo(plan.useMmap), reasons.mmap],
    ['mlock', yesNo(plan.useMlock), reasons.mlock],
    ['memory', `${mebibytes(memory.totalBytes)} of ${mebibytes(plan.budgetBytes)}`, reasons.memory],
    ['', mebibytes(memory.weightsBytes), 'weights of the language model'],
    ['', mebibytes(memory.visionBytes), 'vision tower'],
    ['', mebibytes(memory.contextBytes), 'context: KV cache and compute buffers'],
    ['', mebibytes(memory.pictureBytes), 'picture buffers'],
    ['', mebibytes(memory.processBytes), 'process'],
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return [
    `${sizing.name} (${sizing.quant}) on ${board.model ?? `this ${board.arch} board`}`,
    ...rows.map(([name, value, why]) => `  ${name.padEnd(widths[0]!)}  ${value.padEnd(widths[1]!)}  ${why}`),
    ...(expected
      ? [`${sizing.freeTurnTokens > 0 ? 'description' : 'answer'} time: ${timesText(expected)}`]
      : ['description time: unknown on this board; run scenecast tune']),
    ...(plan.changed?.expected ? [`after a change: ${timesText(plan.changed.expected)}`] : []),
    ...plan.degraded.map((given) => `to fit the memory: ${given}`),
  ].join('\n');
}

function timesText(expected: Expectation): string {
  const { basis, encodeSeconds, prefillSeconds, generateSeconds, totalSeconds } = expected;
  return `${seconds(totalSeconds)} (${basis}): encode ${seconds(encodeSeconds)}, prefill ${seconds(prefillSeconds)}, generate ${seconds(generateSeconds)}`;
}

/** The number of threads, with their CPUs if the plan chose some. */
export function threadsText({ threads, cpus }: Pick<EnginePlan, 'threads' | 'cpus'>): string {
  return cpus ? `${threads} on CPU ${formatCpuList(cpus)}` : String(threads);
}

/** The plans as JSON, of several models by their role. */
export function plansJson(planned: readonly PlannedModel[]): object {
  if (planned.length === 1) return planJson(planned[0]!);
  return Object.fromEntries(planned.map((each) => [each.key.replace('models.', ''), planJson(each)]));
}

/** Names in snake_case, sizes in bytes. */
function planJson({ board, sizing, plan }: PlannedModel): object {
  const { memory, expected } = plan;
  return {
    model: {
      name: sizing.name,
      quant: sizing.quant,
      parameters: sizing.parameters,
      text_bytes: sizing.textBytes,
      mmproj_bytes: sizing.mmprojBytes,
    },
    board: board.model,
    plan: {
      detail: detailOf(plan),
      image_tokens: plan.imageTokens,
      changed_image_tokens: plan.changed?.imageTokens ?? null,
      max_tokens: plan.maxTokens,
      context_size: plan.contextSize,
      kv_type: plan.kvType,
      kv_bytes: plan.kvBytes,
      batch_size: plan.batchSize,
      ubatch_size: plan.ubatchSize,
      threads: plan.threads,
      threads_batch: plan.threadsBatch,
      cpus: plan.cpus,
      flash_attention: plan.flashAttention,
      mmap: plan.useMmap,
      mlock: plan.useMlock,
    },
    memory: {
      total_bytes: memory.totalBytes,
      budget_bytes: plan.budgetBytes,
      weights_bytes: memory.weightsBytes,
      vision_bytes: memory.visionBytes,
      context_bytes: memory.contextBytes,
      picture_bytes: memory.pictureBytes,
      process_bytes: memory.processBytes,
    },
    expected: timesJson(expected),
    expected_changed: timesJson(plan.changed?.expected ?? null),
    reasons: plan.reasons,
    degraded: plan.degraded,
  };
}

function timesJson(expected: Expectation | null): object | null {
  return (
    expected && {
      basis: expected.basis,
      encode_seconds: expected.encodeSeconds,
      prefill_seconds: expected.prefillSeconds,
      generate_seconds: expected.generateSeconds,
      total_seconds: expected.totalSeconds,
    }
  );
}

function mebibytes(count: number): string {
  return `${Math.ceil(count / 1024 ** 2)} MiB`;
}

function seconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
