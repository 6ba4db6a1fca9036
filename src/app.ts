import { dirname } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Logger } from 'pino';
import { cameraTaskOf } from './camera-task.ts';
import type { Config } from './config/schema.ts';
import { jobOf, modelFilesOf, setUpEngine, startEngine } from './engine.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { announcerOf, outboxOf, publisherOf } from './publishing.ts';
import type { NotifyEnvironment } from './supervision/notify-environment.ts';
import { statusLine } from './supervision/status-line.ts';
import { Supervision, type SupervisionOptions } from './supervision/supervision.ts';
import { EngineClient } from './vision/engine-client.ts';
import type { EngineOptions } from './vision/protocol.ts';

/** The engine's process is killed at the deadline, and has then to be gone. */
const deadlineSlackMs = 60_000;

/** The daemon: every part built from the config, torn down in reverse. */
export class App {
  readonly #config: Config;
  readonly #configPath: string;
  readonly #log: Logger;
  readonly #notifyEnvironment: NotifyEnvironment | null;
  readonly #stopping = new AbortController();
  readonly #loopDelay = monitorEventLoopDelay({ resolution: 1 });
  /** What was started, with how to stop it, in order. */
  #running: { readonly name: string; close(): Promise<void> }[] = [];
  /** From 0 to 1; null: the model is loaded. */
  #loading: number | null = 0;

  /** `notifyEnvironment`: where systemd started it. */
  constructor(
    config: Config,
    configPath: string,
    log: Logger,
    notifyEnvironment: NotifyEnvironment | null = null,
  ) {
    this.#config = config;
    this.#configPath = configPath;
    this.#log = log;
    this.#notifyEnvironment = notifyEnvironment;
  }

  /**
   * Connects, starts looking, and loads the model; resolves when that is loaded. systemd is told that it is ready
   * as soon as it looks, since a broker that is away and a large model may take their time.
   * @throws ConfigError for what a person must mend.
   */
  async start(): Promise<void> {
    const { model } = this.#config;
    const { signal } = this.#stopping;
    const log = this.#log;
    const folder = dirname(this.#configPath);
    const outbox = outboxOf(this.#config, folder, log);
    this.#running.push({ name: 'outbox', close: () => outbox.close() });
    await outbox.open();
    const publisher = publisherOf(this.#config, folder, outbox, log);
    this.#running.push({ name: 'mqtt', close: () => publisher.close() });
    await publisher.start();

    const engineOptions = await this.#planEngine(folder);
    signal.throwIfAborted();
    const logProgress = progressLogger(log);
    const engine = new EngineClient({
      engine: engineOptions,
      deadlineMs: model.deadline,
      log,
      onProgress: (fraction) => {
        this.#loading = fraction < 1 ? fraction : null;
        logProgress(fraction);
      },
    });
    this.#running.push({ name: 'engine', close: () => engine.close() });
    const loading = startEngine(engine, { triesAgain: true });

    const tasks = Object.keys(this.#config.cameras).map((name) =>
      cameraTaskOf(name, this.#config, folder, log),
    );
    const pipeline = new Pipeline({
      tasks,
      describer: engine,
      publisher,
      log,
      maxFrameAgeMs: this.#config.max_frame_age,
      healthIntervalMs: this.#config.health_interval,
      longestDescriptionMs: model.deadline + deadlineSlackMs,
    });
    this.#running.push({ name: 'pipeline', close: () => pipeline.close() });
    this.#loopDelay.enable();
    pipeline.start();
    log.info({ cameras: tasks.length, device: this.#config.device }, 'looking');
    this.#reportTo(this.#notifyEnvironment, {
      heartbeats: () => [...pipeline.heartbeats, engine.heartbeat],
      status: (stuck) =>
        statusLine({
          health: pipeline.health,
          loading: this.#loading,
          isConnected: publisher.isConnected,
          stuck,
        }),
    });

    const info = await loading;
    signal.throwIfAborted();
    log.info({ ...info, pid: engine.pid }, 'the model is loaded');
    if (model.detail !== 'full' && !info.heedsDetail) {
      log.warn(
        { detail: model.detail },
        'model.detail has no effect: this model looks at every picture alike',
      );
    }
    const announcer = announcerOf(this.#config, `${info.model} (${info.quant})`, publisher, log);
    this.#running.push({ name: 'home-assistant', close: () => announcer.close() });
    announcer.start();
  }

  #reportTo(
    environment: NotifyEnvironment | null,
    of: Pick<SupervisionOptions, 'heartbeats' | 'status'>,
  ): void {
    if (!environment) return;
    const supervision = new Supervision({ environment, log: this.#log, ...of });
    this.#running.push({ name: 'supervision', close: () => supervision.close() });
    supervision.ready();
  }

  /** The engine's options, planned for this board. */
  async #planEngine(folder: string): Promise<EngineOptions> {
    const { model } = this.#config;
    const files = await modelFilesOf(model, folder);
    const setUp = await setUpEngine(model, files, jobOf(this.#config), this.#stopping.signal);
    const { reasons, memory, expected, ...plan } = setUp.plan;
    this.#log.info({ ...plan, memoryBytes: memory.totalBytes, expected }, 'planned');
    for (const given of plan.degraded)
      this.#log.warn({ reason: reasons.memory }, `to fit the memory: ${given}`);
    return setUp.options;
  }

  /** Stops every part in reverse order; runs every step, then reports all failures together. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    this.#stopping.abort(new Error('Scenecast is stopping'));
    const running = this.#running.reverse();
    this.#running = [];
    if (running.length > 0) this.#logLoopDelay();
    for (const part of running) {
      try {
        await part.close();
      } catch (error) {
        failures.push(error);
        this.#log.error({ part: part.name, error }, 'could not be closed');
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Scenecast did not stop cleanly');
  }

  #logLoopDelay(): void {
    this.#loopDelay.disable();
    const toMs = (nanoseconds: number): number => Math.round(nanoseconds / 1e4) / 100;
    const { mean, max } = this.#loopDelay;
    this.#log.info(
      { p99Ms: toMs(this.#loopDelay.percentile(99)), meanMs: toMs(mean), maxMs: toMs(max) },
      'event loop delay',
    );
  }
}

function progressLogger(log: Logger): (fraction: number) => void {
  let nextLine = 0.1;
  return (fraction) => {
    if (fraction < nextLine) return;
    log.info({ percent: Math.round(fraction * 100) }, 'loading the model');
    nextLine = fraction + 0.1;
  };
}
