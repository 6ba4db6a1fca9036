import type { Logger } from 'pino';
import type { Board } from '../board/board.ts';
import type { Config } from '../config/schema.ts';
import type { Describer } from '../pipeline/ports.ts';
import type { EnginePlan } from '../planning/plan-engine.ts';
import { setUpEngine, startEngine } from '../setup/engine.ts';
import { jobOf } from '../setup/job.ts';
import { modelFilesOf } from '../setup/model-files.ts';
import { EngineClient } from '../vision/process/engine-client.ts';
import type { EngineInfo } from '../vision/process/protocol.ts';
import { SerialDescriber } from '../vision/process/serial-describer.ts';

/** This board's own engine, with the plan that fits it to the board. */
export interface OwnEngine {
  readonly board: Board;
  readonly plan: EnginePlan;
  readonly client: EngineClient;
  /** One picture at a time, for all callers. */
  readonly describer: Describer;
  /** From 0 to 1; null: the model is loaded. */
  readonly loading: () => number | null;
  /** Loads the model. @throws ConfigError if its files cannot be used */
  load(): Promise<EngineInfo>;
}

/** Plans the engine for this board and job; the model is not loaded yet. @throws ConfigError, PlanError */
export async function planOwnEngine(
  config: Config,
  folder: string,
  log: Logger,
  signal: AbortSignal,
): Promise<OwnEngine> {
  const { model } = config;
  const files = await modelFilesOf(model, folder);
  const { board, plan, options } = await setUpEngine(model, files, jobOf(config), signal);
  logPlan(plan, log);
  let loading: number | null = 0;
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
    board,
    plan,
    client,
    describer: new SerialDescriber(client, model.deadline),
    loading: () => loading,
    load: async () => {
      const info = await startEngine(client, { retry: true });
      log.info({ ...info, pid: client.pid }, 'model loaded');
      if (model.detail !== 'full' && !info.usesDetail)
        log.warn({ detail: model.detail }, 'model.detail has no effect on this model');
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
