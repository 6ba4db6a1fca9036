import { dirname } from 'node:path';
import type { Board } from '../board/board.ts';
import { probeBoard } from '../board/probe-board.ts';
import type { Config } from '../config/schema.ts';
import { ConfigError, EngineError, PlanError } from '../domain/errors.ts';
import type { ModelSizing } from '../domain/model-sizing.ts';
import { loadCatalogue, ramNeedOf } from '../models/catalogue.ts';
import type { ModelFiles } from '../models/installed/locate.ts';
import { type EnginePlan, planEngine, type Tuning } from '../planning/plan-engine.ts';
import { chooseCpuModule } from '../vision/native/cpu-module.ts';
import type { EngineClient } from '../vision/process/engine-client.ts';
import type { EngineInfo, EngineOptions } from '../vision/process/protocol.ts';
import type { EngineJob } from './job.ts';
import { keptSizing } from './kept-sizing.ts';
import { tuningOf } from './tuning.ts';

/** A LLaVA tile is not split. */
const ubatchSize = 576;

/** A model's files, for this board and job. */
export interface PlanInput {
  readonly files: ModelFiles;
  readonly model: Config['model'];
  readonly job: EngineJob;
  readonly board: Board;
  readonly cpuModule: string | null;
  readonly tuning: Tuning | null;
  readonly signal?: AbortSignal;
}

/**
 * Fits a model to the board.
 * @throws ConfigError for unreadable files; PlanError, with the largest catalogue model that fits, if this one does not.
 */
export async function planFor(input: PlanInput): Promise<{ sizing: ModelSizing; plan: EnginePlan }> {
  const { files, model, job, board, cpuModule, tuning, signal } = input;
  const sizing = await keptSizing(
    {
      textPath: files.text,
      mmprojPath: files.mmproj,
      chatTemplate: model.chat_template,
      pictureSizes: job.pictureSizes,
      prompts: job.prompts,
      questions: job.questions.map((each) =>
        each.map(({ ask, type = null, unknownTokens = 0 }) => ({ ask, type, unknownTokens })),
      ),
      ubatchSize: tuning?.ubatchSize ?? ubatchSize,
      cpuModule,
    },
    signal,
  ).catch((cause: unknown) => {
    // A damaged file can crash the process that reads it.
    throw filesFault(cause, ['CANCELLED', 'ENGINE_KILLED', 'NOT_STARTED']);
  });
  const settings = {
    detail: model.detail,
    contextSize: model.context_size,
    threads: model.threads,
    maxTokens: model.max_tokens,
    memoryBytes: model.memory,
  };
  try {
    return { sizing, plan: planEngine(board, sizing, settings, tuning) };
  } catch (cause) {
    if (!(cause instanceof PlanError) || cause.neededBytes === null) throw cause;
    const hint = cause.mayPass ? 'it would fit if other programs used less memory; ' : '';
    const message = `model: ${cause.message}; ${hint}${smallerModel(cause.budgetBytes)}`;
    throw new PlanError(message, cause, { cause });
  }
}

function smallerModel(budgetBytes: number): string {
  const fitting = loadCatalogue().flatMap((entry) => {
    const need = ramNeedOf(entry);
    return need && need.totalBytes <= budgetBytes ? [{ name: entry.name, bytes: need.totalBytes }] : [];
  });
  const largest = fitting.sort((a, b) => b.bytes - a.bytes)[0];
  return largest ? `the largest catalogue model that fits is ${largest.name}` : 'no catalogue model fits';
}

/** The engine's options for a config's `model` and a plan. */
export function engineOptionsOf(
  model: Config['model'],
  { text, mmproj }: ModelFiles,
  plan: EnginePlan,
  cpuModule: string | null,
): EngineOptions {
  return {
    textPath: text,
    mmprojPath: mmproj,
    chatTemplate: model.chat_template,
    temperature: model.temperature,
    detail: plan.detail,
    maxTokens: plan.maxTokens,
    contextSize: plan.contextSize,
    batchSize: plan.batchSize,
    ubatchSize: plan.ubatchSize,
    kvType: plan.kvType,
    flashAttention: plan.flashAttention,
    threads: plan.threads,
    threadsBatch: plan.threadsBatch,
    cpus: plan.cpus,
    useMmap: plan.useMmap,
    useMlock: plan.useMlock,
    cpuModule,
  };
}

/** Plans for this board. @throws ConfigError, PlanError */
export async function setUpEngine(
  model: Config['model'],
  files: ModelFiles,
  job: EngineJob,
  signal?: AbortSignal,
): Promise<{ board: Board; plan: EnginePlan; options: EngineOptions }> {
  const board = await probeBoard({ modelsFolder: dirname(files.text) });
  const tuning = await tuningOf(files, board);
  const cpuModule = tuning ? tuning.cpuModule : chooseCpuModule(board.features);
  const { plan, sizing } = await planFor({
    ...{ files, model, job, board, cpuModule, tuning },
    ...(signal && { signal }),
  });
  // The file that ggml chose of the prebuilt ones: to choose again, the engine process would load all of them.
  return { board, plan, options: engineOptionsOf(model, files, plan, cpuModule ?? sizing.cpuModule) };
}

/** Loads the model. An invalid file becomes a ConfigError, as a restart cannot help. Options: see EngineClient. */
export async function startEngine(
  engine: EngineClient,
  options: Parameters<EngineClient['start']>[0] = {},
): Promise<EngineInfo> {
  try {
    return await engine.start(options);
  } catch (cause) {
    throw filesFault(cause, ['ENGINE_DIED']);
  }
}

/** The error as a ConfigError, unless it is temporary, such as a lack of memory. */
function filesFault(error: unknown, temporary: readonly string[]): unknown {
  if (!(error instanceof EngineError) || [...temporary, 'OUT_OF_MEMORY'].includes(error.code)) return error;
  return new ConfigError(`model: ${error.message}`, { cause: error });
}
