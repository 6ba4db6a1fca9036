import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Board } from '../board/board.ts';
import { probeBoard } from '../board/probe-board.ts';
import type { CameraConfig, Config, QuestionConfig } from '../config/schema.ts';
import { ConfigError, EngineError, PlanError } from '../domain/errors.ts';
import type { Size } from '../domain/frame.ts';
import type { ModelSizing } from '../domain/model-sizing.ts';
import type { Question } from '../domain/observation.ts';
import { stateFolder } from '../domain/state-folder.ts';
import { loadCatalogue, ramNeedOf } from '../models/catalogue.ts';
import { modelNamePattern } from '../models/hub-address.ts';
import { defaultModelsFolder, modelFolder } from '../models/installed/installed.ts';
import { locateModel } from '../models/installed/locate.ts';
import { type EnginePlan, planEngine, type Tuning } from '../planning/plan-engine.ts';
import { TuneStore } from '../planning/tune-store.ts';
import { chooseCpuModule } from '../vision/native/cpu-module.ts';
import { sizeModel } from '../vision/one-shot/size-model.ts';
import type { EngineClient } from '../vision/process/engine-client.ts';
import type { EngineInfo, EngineOptions } from '../vision/process/protocol.ts';

// How the engine is set up: the model's files, what it has to do, and the plan that fits both to the board.

/** Scenecast's own folder, where the demo model lives. */
const installation = dirname(import.meta.dirname);

/** A tile of LLaVA is not cut in two. */
const ubatchSize = 576;

/** What the engine will be asked. */
export interface EngineJob {
  readonly pictureSizes: readonly Size[];
  readonly prompts: readonly string[];
  readonly questions: readonly Question[];
}

/** Shapes that pictures of unknown size may have; LLaVA's cost follows the shape. */
export const usualSizes: readonly Size[] = [
  { width: 1280, height: 720 },
  { width: 640, height: 480 },
  { width: 720, height: 1280 },
  { width: 480, height: 640 },
  { width: 1000, height: 1000 },
];

/** Where no config says what will be asked. */
export const usualJob: EngineJob = {
  pictureSizes: usualSizes,
  prompts: ['Describe the scene.'],
  questions: [],
};

/** As long as a question over MQTT may be, in words of usual length. */
const longestAsked: Question = { name: 'asked', ask: 'word '.repeat(100) };
/** What images of other boards may be asked: about a page. */
const pageOfWords = 'words '.repeat(400);

/** The job of a config's cameras, of the commands it allows, and of the pool that it describes for. */
export function jobOf({
  cameras,
  prompts,
  mqtt,
  work,
}: Pick<Config, 'cameras' | 'prompts' | 'mqtt' | 'work'>): EngineJob {
  const each = Object.values(cameras);
  const forOthers = work.pool !== null;
  return {
    pictureSizes: [...each.flatMap(pictureSizesOf), ...(forOthers ? usualSizes : [])],
    // Commands may name any of them.
    prompts: [...new Set(Object.values(prompts)), ...(forOthers ? [pageOfWords] : [])],
    questions: [
      ...each.flatMap(({ questions }) =>
        Object.entries(questions).map(([name, config]) => questionOf(name, config)),
      ),
      ...(mqtt.commands.ask ? [longestAsked] : []),
    ],
  };
}

function pictureSizesOf({ source }: CameraConfig): readonly Size[] {
  if (source.type === 'still' || source.type === 'ffmpeg') return usualSizes;
  const size = source.size ?? { width: 1280, height: 720 };
  const isTurned = source.type === 'v4l2' && source.rotation % 180 !== 0;
  return [isTurned ? { width: size.height, height: size.width } : size];
}

export function questionOf(name: string, config: QuestionConfig): Question {
  const question = { name, ask: config.ask };
  switch (config.type) {
    case 'boolean':
      return { ...question, type: { kind: 'boolean' } };
    case 'integer':
      return { ...question, type: { kind: 'integer', min: config.min, max: config.max } };
    case 'enum':
      return { ...question, type: { kind: 'enum', values: config.values } };
    case 'string':
      return { ...question, type: { kind: 'string', maxLength: config.max_length } };
    default:
      return question;
  }
}

/** A path of the config: relative ones are looked up in `folder` (the config file's), then beside Scenecast. */
export function lookUp(path: string, folder: string): string {
  const candidates = [resolve(folder, path), resolve(installation, path)];
  return candidates.find((candidate) => existsSync(candidate)) ?? candidates[0]!;
}

/**
 * The folder of a config's `model.path`: a path, or the name of a model that was pulled.
 * @throws ConfigError for a model of the catalogue that is not here yet.
 */
export function modelFolderOf(path: string, folder: string): string {
  const found = lookUp(path, folder);
  if (existsSync(found) || !modelNamePattern.test(path)) return found;
  const pulled = modelFolder(defaultModelsFolder(process.env), path);
  if (existsSync(pulled)) return pulled;
  if (!loadCatalogue().some(({ name }) => name === path)) return found;
  throw new ConfigError(
    `model.path ${path}: a model of the catalogue that is not here; scenecast models pull ${path}`,
  );
}

/** A model's files, for this board and job. */
export interface PlanInput {
  readonly files: { readonly text: string; readonly mmproj: string };
  readonly model: Config['model'];
  readonly job: EngineJob;
  readonly board: Board;
  readonly cpuModule: string | null;
  readonly tuning: Tuning | null;
  readonly signal?: AbortSignal;
}

/**
 * Fits a model to the board.
 * @throws ConfigError for files that cannot be read; PlanError, which names the largest model of the catalogue that
 * fits, where this one does not.
 */
export async function planFor(input: PlanInput): Promise<{ sizing: ModelSizing; plan: EnginePlan }> {
  const { files, model, job, board, cpuModule, tuning, signal } = input;
  const sizing = await sizeModel(
    {
      textPath: files.text,
      mmprojPath: files.mmproj,
      chatTemplate: model.chat_template,
      pictureSizes: job.pictureSizes,
      prompts: job.prompts,
      questions: job.questions.map(({ ask, type }) => ({ ask, type: type ?? null })),
      ubatchSize: tuning?.ubatchSize ?? ubatchSize,
      cpuModule,
    },
    signal,
  ).catch((cause: unknown) => {
    // A file can be damaged so that reading it ends the process.
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
    const hint = cause.mayPass ? 'it would fit if other programs took less; ' : '';
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
  return largest
    ? `the largest model of the catalogue that fits is ${largest.name}`
    : 'no model of the catalogue fits';
}

/** The engine's options for a config's `model` and a plan. */
export function engineOptionsOf(
  model: Config['model'],
  { text, mmproj }: PlanInput['files'],
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
    cpus: plan.cpus,
    useMmap: plan.useMmap,
    useMlock: plan.useMlock,
    cpuModule,
  };
}

/** Where `scenecast tune` keeps what it measured. */
export function tuneStoreOf(env: NodeJS.ProcessEnv): TuneStore {
  return new TuneStore(join(stateFolder(env), 'tune.json'));
}

/** A model's files on a board: what was measured of others says nothing of these. */
export async function tuneKeyOf({ text, mmproj }: PlanInput['files'], board: Board): Promise<string> {
  const files = await Promise.all(
    [text, mmproj].map(async (path) => `${basename(path)} ${(await stat(path)).size}`),
  );
  const cores = board.clusters.map(({ name, cpus }) => `${cpus.length} x ${name}`);
  return [...files, board.model ?? board.arch, ...cores].join(', ');
}

/** What `scenecast tune` found best for these files on this board; null: it has not come to its end here. */
export async function tuningOf(files: PlanInput['files'], board: Board): Promise<Tuning | null> {
  return (await tuneStoreOf(process.env).read(await tuneKeyOf(files, board))).best;
}

/** Plans for this very board. @throws ConfigError, PlanError */
export async function setUpEngine(
  model: Config['model'],
  files: PlanInput['files'],
  job: EngineJob,
  signal?: AbortSignal,
): Promise<{ board: Board; plan: EnginePlan; options: EngineOptions }> {
  const board = await probeBoard({ modelsFolder: dirname(files.text) });
  const tuning = await tuningOf(files, board);
  const cpuModule = tuning ? tuning.cpuModule : chooseCpuModule(board.features);
  const { plan } = await planFor({ files, model, job, board, cpuModule, tuning, ...(signal && { signal }) });
  return { board, plan, options: engineOptionsOf(model, files, plan, cpuModule) };
}

/** Where a config's model lies. @throws ConfigError where its files are not there */
export function modelFilesOf(model: Config['model'], folder: string): ReturnType<typeof locateModel> {
  return locateModel(modelFolderOf(model.path, folder));
}

/** Loads the model; a file that cannot be one is the config's fault, and restarting cannot help. Options: see EngineClient. */
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

/** The error as a ConfigError, unless it may pass by itself, as a want of memory does. */
function filesFault(error: unknown, passing: readonly string[]): unknown {
  if (!(error instanceof EngineError) || [...passing, 'OUT_OF_MEMORY'].includes(error.code)) return error;
  return new ConfigError(`model: ${error.message}`, { cause: error });
}
