import { dirname } from 'node:path';
import type { Board } from '../board/board.ts';
import { probeBoard } from '../board/probe-board.ts';
import type { ModelConfig } from '../config/schema.ts';
import { plannedDetail } from '../domain/detail.ts';
import { ConfigError, EngineError, PlanError } from '../domain/errors.ts';
import type { ModelSizing } from '../domain/model-sizing.ts';
import { loadCatalogue, ramNeedOf } from '../models/catalogue.ts';
import type { ModelFiles } from '../models/installed/locate.ts';
import type { EnginePlan, Tuning } from '../planning/plan-engine.ts';
import { type PlannedModel, planEngines } from '../planning/plan-engines.ts';
import { chooseCpuModule } from '../vision/native/cpu-module.ts';
import type { EngineClient } from '../vision/process/engine-client.ts';
import type { EngineInfo, EngineOptions } from '../vision/process/protocol.ts';
import type { EngineJob } from './job.ts';
import { keptSizing } from './kept-sizing.ts';
import { tuningOf } from './tuning.ts';

/** A LLaVA tile is not split. */
const ubatchSize = 576;

/** A model of the config with its files, for this board and its job. */
export interface PlanInput {
  readonly files: ModelFiles;
  /** The path of its section in the config. */
  readonly key: string;
  readonly model: ModelConfig;
  readonly job: EngineJob;
  readonly cpuModule: string | null;
  readonly tuning: Tuning | null;
}

export interface Planned {
  readonly sizing: ModelSizing;
  readonly plan: EnginePlan;
}

/**
 * Fits models that are loaded at the same time to the board.
 * @throws ConfigError for unreadable files; PlanError if they do not fit: with the most capable catalogue model that does, or
 * with the one of several to drop.
 */
export async function planFor(
  board: Board,
  inputs: readonly PlanInput[],
  signal?: AbortSignal,
): Promise<Planned[]> {
  const models: PlannedModel[] = [];
  for (const input of inputs) models.push(await sized(input, signal));
  try {
    const plans = planEngines(board, models);
    return plans.map((plan, index) => ({ plan, sizing: models[index]!.sizing }));
  } catch (cause) {
    if (inputs.length > 1 || !(cause instanceof PlanError) || cause.neededBytes === null) throw cause;
    const hint = cause.mayPass ? 'it would fit if other programs used less memory; ' : '';
    const message = `${inputs[0]!.key}: ${cause.message}; ${hint}${smallerModel(cause.budgetBytes)}`;
    throw new PlanError(message, cause, { cause });
  }
}

async function sized(
  { files, key, model, job, cpuModule, tuning }: PlanInput,
  signal?: AbortSignal,
): Promise<PlannedModel> {
  const sizing = await keptSizing(
    {
      textPath: files.text,
      mmprojPath: files.mmproj,
      chatTemplate: model.chat_template,
      pictureSizes: job.pictureSizes,
      prompts: job.prompts,
      questions: job.questions.map((each) =>
        each.map(({ ask, type = null, unknownTokens = 0, showsEarlier = false }) => {
          return { ask, type, unknownTokens, showsEarlier };
        }),
      ),
      ubatchSize: tuning?.ubatchSize ?? ubatchSize,
      maxImageTokens: model.image_tokens,
      cpuModule,
    },
    signal,
  ).catch((cause: unknown) => {
    // A damaged file can crash the process that reads it.
    throw filesFault(key, cause, ['CANCELLED', 'ENGINE_KILLED', 'NOT_STARTED']);
  });
  const settings = {
    key,
    detail: plannedDetail(model.detail),
    changedOnly: model.detail === 'changed',
    maxImageTokens: model.image_tokens,
    contextSize: model.context_size,
    threads: model.threads,
    maxTokens: model.max_tokens,
    memoryBytes: model.memory,
  };
  return { sizing, settings, tuning };
}

function smallerModel(budgetBytes: number): string {
  // The most capable comes last.
  const fitting = loadCatalogue().findLast(
    (entry) => (ramNeedOf(entry)?.totalBytes ?? Number.POSITIVE_INFINITY) <= budgetBytes,
  );
  return fitting
    ? `the most capable catalogue model that fits is ${fitting.name}`
    : 'no catalogue model fits';
}

/** The engine's options for a config's `model` and a plan. */
export function engineOptionsOf(
  model: ModelConfig,
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
    changedOnly: plan.changed !== null,
    maxImageTokens: plan.maxImageTokens,
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

/** A model to set up, with what it has to do. */
export interface ModelToRun extends Pick<PlanInput, 'files' | 'model' | 'job'> {
  /** Default: `model`. */
  readonly key?: string;
}

export interface EngineSetUp {
  readonly plan: EnginePlan;
  readonly options: EngineOptions;
}

/** Plans models that are loaded at the same time on this board. @throws ConfigError, PlanError */
export async function setUpEngines(
  models: readonly ModelToRun[],
  signal?: AbortSignal,
): Promise<{ board: Board; engines: EngineSetUp[] }> {
  const board = await probeBoard({ modelsFolder: dirname(models[0]!.files.text) });
  const inputs = await Promise.all(
    models.map(async ({ key = 'model', ...model }) => {
      const tuning = await tuningOf(model.files, board);
      return {
        key,
        ...model,
        tuning,
        cpuModule: tuning ? tuning.cpuModule : chooseCpuModule(board.features),
      };
    }),
  );
  const planned = await planFor(board, inputs, signal);
  const engines = planned.map(({ plan, sizing }, index) => {
    const { files, model, cpuModule } = inputs[index]!;
    // The file that ggml chose of the prebuilt ones: to choose again, the engine process would load all of them.
    return { plan, options: engineOptionsOf(model, files, plan, cpuModule ?? sizing.cpuModule) };
  });
  return { board, engines };
}

/** Like {@link setUpEngines}, of one model. */
export async function setUpEngine(
  model: ModelConfig,
  files: ModelFiles,
  job: EngineJob,
  signal?: AbortSignal,
): Promise<EngineSetUp & { readonly board: Board }> {
  const { board, engines } = await setUpEngines([{ model, files, job }], signal);
  return { board, ...engines[0]! };
}

/** Loads the model. An invalid file becomes a ConfigError, as a restart cannot help. Options: see EngineClient. */
export async function startEngine(
  engine: EngineClient,
  { key = 'model', ...options }: Parameters<EngineClient['start']>[0] & { readonly key?: string } = {},
): Promise<EngineInfo> {
  try {
    return await engine.start(options);
  } catch (cause) {
    throw filesFault(key, cause, ['ENGINE_DIED']);
  }
}

/** The error as a ConfigError, unless it is temporary, such as a lack of memory. */
function filesFault(key: string, error: unknown, temporary: readonly string[]): unknown {
  if (!(error instanceof EngineError) || [...temporary, 'OUT_OF_MEMORY'].includes(error.code)) return error;
  return new ConfigError(`${key}: ${error.message}`, { cause: error });
}
