import type { Logger } from 'pino';
import type { Board } from '../board/board.ts';
import { configuredModels } from '../config/configured-models.ts';
import type { Config, ModelConfig } from '../config/schema.ts';
import type { ModelRole } from '../domain/model-role.ts';
import type { ChatEngine, Describer } from '../pipeline/ports.ts';
import type { EnginePlan } from '../planning/plan-engine.ts';
import { type EngineSetUp, setUpEngines, startEngine } from '../setup/engine.ts';
import { jobOf } from '../setup/job.ts';
import { modelFilesOf } from '../setup/model-files.ts';
import { EngineClient } from '../vision/process/engine-client.ts';
import type { EngineInfo } from '../vision/process/protocol.ts';
import { SerialDescriber } from '../vision/process/serial-describer.ts';
import { TurnQueue } from '../vision/process/turn-queue.ts';
import { YieldingChat } from '../vision/process/yielding-chat.ts';

/** One of this board's own engines, with the plan that fits it to the board. */
export interface OwnEngine {
  /** null: it is the only one. */
  readonly role: ModelRole | null;
  readonly plan: EnginePlan;
  readonly client: EngineClient;
  /** One picture at a time, for all callers. */
  readonly describer: Describer;
  /** For other programs, while no frame needs the engine. */
  readonly chat: ChatEngine;
  /** From 0 to 1; null: the model is loaded. */
  readonly loading: () => number | null;
  /** Facts about the model; null: not loaded yet. */
  readonly info: () => EngineInfo | null;
  /** Loads the model. @throws ConfigError if its files cannot be used */
  load(): Promise<EngineInfo>;
}

/** Each has a process, restarts and a deadline of its own. */
export interface OwnEngines {
  readonly board: Board;
  /** The quick one first; the last one describes, unless a camera names another. */
  readonly engines: readonly OwnEngine[];
}

/** Plans the engines for this board and job; the models are not loaded yet. @throws ConfigError, PlanError */
export async function planOwnEngines(
  config: Config,
  folder: string,
  log: Logger,
  signal: AbortSignal,
): Promise<OwnEngines> {
  const models = await Promise.all(
    configuredModels(config).map(async (configured) => ({
      ...configured,
      files: await modelFilesOf(configured.model, folder, configured.key),
      job: jobOf(config, configured.role),
    })),
  );
  const { board, engines } = await setUpEngines(models, signal);
  // One for both engines: they share the cores.
  const turns = new TurnQueue();
  return {
    board,
    engines: engines.map((setUp, index) => {
      const { role, key, model } = models[index]!;
      return ownEngine(setUp, { role, key, model, turns, log: role ? log.child({ role }) : log });
    }),
  };
}

/** How much of the models is loaded, from 0 to 1; null: all. */
export function loadingOf(own: OwnEngines | null): number | null {
  return own?.engines.map(({ loading }) => loading()).find((fraction) => fraction !== null) ?? null;
}

function ownEngine(
  { plan, options }: EngineSetUp,
  {
    role,
    key,
    model,
    turns,
    log,
  }: {
    readonly role: ModelRole | null;
    readonly key: string;
    readonly model: ModelConfig;
    readonly turns: TurnQueue;
    readonly log: Logger;
  },
): OwnEngine {
  logPlan(plan, log);
  let loading: number | null = 0;
  let info: EngineInfo | null = null;
  const logProgress = progressLogger(log);
  const client = new EngineClient({
    engine: options,
    deadlineMs: model.deadline,
    log,
    onProgress: (fraction) => {
      loading = fraction < 1 ? fraction : null;
      logProgress(fraction);
    },
  });
  return {
    role,
    plan,
    client,
    describer: new SerialDescriber(client, model.deadline, turns),
    chat: new YieldingChat(client, turns, model.deadline),
    loading: () => loading,
    info: () => info,
    load: async () => {
      info = await startEngine(client, { key, retry: true });
      log.info({ ...info, pid: client.pid }, 'model loaded');
      if (model.detail === 'changed' && !info.showsAreas)
        log.warn(
          { detail: model.detail },
          `${key}.detail: changed has no effect on this model, as its pictures have no tiles of LLaVA-1.6; it gets whole pictures: set it to full, or lower`,
        );
      else if (model.detail !== 'full' && !info.usesDetail)
        log.warn({ detail: model.detail }, `${key}.detail has no effect on this model`);
      if (model.image_tokens !== null && plan.maxImageTokens === null)
        log.warn({ reason: plan.reasons.detail }, `${key}.image_tokens has no effect: remove it`);
      return info;
    },
  };
}

function logPlan({ reasons, memory, expected, ...plan }: EnginePlan, log: Logger): void {
  log.info({ ...plan, memoryBytes: memory.totalBytes, expected }, 'engine plan');
  for (const given of plan.degraded)
    log.warn({ reason: reasons.memory }, `reduced to fit the memory: ${given}`);
}

/** Logs every tenth of the load. */
function progressLogger(log: Logger): (fraction: number) => void {
  let nextLine = 0.1;
  return (fraction) => {
    if (fraction < nextLine) return;
    log.info({ percent: Math.round(fraction * 100) }, 'loading the model');
    nextLine = fraction + 0.1;
  };
}
