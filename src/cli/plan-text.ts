import type { Board } from '../board/board.ts';
import { formatCpuList } from '../board/cpu-list.ts';
import type { ModelSizing } from '../domain/model-sizing.ts';
import type { EnginePlan } from '../planning/plan-engine.ts';

export interface PlannedModel {
  readonly board: Board;
  readonly sizing: ModelSizing;
  readonly plan: EnginePlan;
}

/** The plan as text: each value and why it was chosen. */
export function planText({ board, sizing, plan }: PlannedModel): string {
  const { reasons, memory, expected } = plan;
  const rows: [string, string, string][] = [
    ['detail', plan.detail, reasons.detail],
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
      ? [
          `description time: ${seconds(expected.totalSeconds)} (${expected.basis}): encode ${seconds(expected.encodeSeconds)}, ` +
            `prefill ${seconds(expected.prefillSeconds)}, generate ${seconds(expected.generateSeconds)}`,
        ]
      : ['description time: unknown on this board; run scenecast tune']),
    ...plan.degraded.map((given) => `to fit the memory: ${given}`),
  ].join('\n');
}

/** The number of threads, with their CPUs if the plan chose some. */
export function threadsText({ threads, cpus }: Pick<EnginePlan, 'threads' | 'cpus'>): string {
  return cpus ? `${threads} on CPU ${formatCpuList(cpus)}` : String(threads);
}

/** The plan as JSON: names in snake_case, sizes in bytes. */
export function planJson({ board, sizing, plan }: PlannedModel): object {
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
      detail: plan.detail,
      image_tokens: plan.imageTokens,
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
    expected: expected && {
      basis: expected.basis,
      encode_seconds: expected.encodeSeconds,
      prefill_seconds: expected.prefillSeconds,
      generate_seconds: expected.generateSeconds,
      total_seconds: expected.totalSeconds,
    },
    reasons: plan.reasons,
    degraded: plan.degraded,
  };
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
