import packageJson from '../../package.json' with { type: 'json' };
import { wilsonInterval } from '../answers/scores.ts';
import type { Board } from '../board/board.ts';
import { redactedConfig } from '../config/redacted-config.ts';
import type { Config } from '../config/schema.ts';
import type { InfoPayload } from '../contract/info.ts';
import { schemaVersions } from '../contract/schema-versions.ts';
import type { MeasuredQuestion } from '../domain/calibration.ts';
import type { ModelRole } from '../domain/model-role.ts';
import { detailOf, type EnginePlan } from '../planning/plan-engine.ts';
import type { EngineInfo } from '../vision/process/protocol.ts';

/** What the daemon learns while it starts; null: not known yet. */
export interface Known {
  readonly board: Board | null;
  /** The board's own engines, as they are planned; the last one describes. */
  readonly engines: readonly KnownEngine[];
}

export interface KnownEngine {
  /** null: it is the only one. */
  readonly role: ModelRole | null;
  readonly plan: EnginePlan;
  /** Facts about the loaded model. */
  readonly info: EngineInfo | null;
}

/** The `info` payload: what runs here. Holds no secret of the config. */
export function infoOf(
  config: Config,
  startedAt: Date,
  { board, engines }: Known,
  allMeasured: readonly MeasuredQuestion[] = [],
): InfoPayload {
  const parts = engines.map(({ role, plan, info }) => ({
    role,
    model: info && { name: info.model, quant: info.quant, build: info.build },
    plan: { ...shortPlan(plan), cpu_module: info?.cpu ?? null },
  }));
  const main = parts.at(-1);
  const each = parts.flatMap(({ role, ...part }) => (role ? [[role, part]] : []));
  return {
    schema: 1,
    device: config.device,
    version: packageJson.version,
    started_at: startedAt.toISOString(),
    model: main?.model ?? null,
    board: board && shortBoard(board),
    plan: main?.plan ?? null,
    ...(each.length > 0 && { models: Object.fromEntries(each) }),
    cameras: Object.fromEntries(
      Object.entries(config.cameras).map(([name, { source, questions }]) => [
        name,
        {
          ...{ source: source.type, questions },
          ...measuredOf(allMeasured, name, questions, engines),
        },
      ]),
    ),
    serve: config.serve.listen,
    prompts: Object.keys(config.prompts),
    config: redactedConfig(config),
    schemas: schemaVersions(),
  };
}

/** What was measured of a camera's questions as they are asked now, by the models that run; null: nothing. */
function measuredOf(
  all: readonly MeasuredQuestion[],
  camera: string,
  questions: Config['cameras'][string]['questions'],
  engines: readonly KnownEngine[],
): Pick<InfoPayload['cameras'][string], 'measured'> | null {
  const isRunning = ({ name, quant }: MeasuredQuestion['model']): boolean =>
    engines.some(({ info }) => info?.model === name && info.quant === quant);
  const current = all.filter(
    (each) => each.camera === camera && questions[each.question]?.ask === each.ask && isRunning(each.model),
  );
  if (current.length === 0) return null;
  const shown = current.map(({ question, labels, right, calibrationError, calibration, at }) => [
    question,
    {
      labels,
      accuracy: right / labels,
      interval: [...wilsonInterval(right, labels)],
      calibration_error: calibrationError,
      calibrated: calibration !== null,
      at: at.toISOString(),
    },
  ]);
  return { measured: Object.fromEntries(shown) };
}

/** The board in short; names as in the `info` payload. */
export function shortBoard({
  model,
  arch,
  clusters,
  allowedCpus,
  cpuQuota,
  memory,
}: Board): Record<string, unknown> {
  return {
    name: model,
    arch,
    cores: clusters.map(({ name, cpus, maxClockMHz }) => ({
      name,
      count: cpus.length,
      max_clock_mhz: maxClockMHz,
    })),
    allowed_cpus: allowedCpus.length,
    cpu_quota: cpuQuota,
    memory_bytes: memory.totalBytes,
    memory_limit_bytes: memory.limitBytes,
  };
}

/** The plan in short; names as in the `info` payload. */
export function shortPlan(plan: EnginePlan): Record<string, unknown> {
  return {
    detail: detailOf(plan),
    image_tokens: plan.imageTokens,
    max_tokens: plan.maxTokens,
    context_size: plan.contextSize,
    kv_type: plan.kvType,
    threads: plan.threads,
    threads_batch: plan.threadsBatch,
    cpus: plan.cpus,
    memory_bytes: plan.memory.totalBytes,
    degraded: plan.degraded,
  };
}
