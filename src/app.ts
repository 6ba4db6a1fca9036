import { dirname } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Logger } from 'pino';
import { cameraTaskOf } from './camera-task.ts';
import type { Config } from './config/schema.ts';
import { jobOf, modelFilesOf, setUpEngine, startEngine } from './engine.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import type { Describer } from './pipeline/ports.ts';
import { needsEngine, poolDescriberOf, poolWorkerOf } from './pool.ts';
import { announcerOf, outboxOf, publisherOf } from './publishing.ts';
import { EngineClient } from './vision/engine-client.ts';
import type { EngineOptions } from './vision/protocol.ts';

/** The daemon: every part built from the config, torn down in reverse. */
export class App {
  readonly #config: Config;
  readonly #configPath: string;
  readonly #log: Logger;
  readonly #loopDelay = monitorEventLoopDelay({ resolution: 1 });
  /** What was started, with how to stop it, in order. */
  #running: { readonly name: string; close(): Promise<void> }[] = [];

  constructor(config: Config, configPath: string, log: Logger) {
    this.#config = config;
    this.#configPath = configPath;
    this.#log = log;
  }

  /** Connects, loads the model and starts looking. @throws ConfigError for what a person must mend. */
  async start(): Promise<void> {
    const log = this.#log;
    const folder = dirname(this.#configPath);
    const outbox = outboxOf(this.#config, folder, log);
    this.#running.push({ name: 'outbox', close: () => outbox.close() });
    await outbox.open();
    const publisher = publisherOf(this.#config, folder, outbox, log);
    this.#running.push({ name: 'mqtt', close: () => publisher.close() });
    await publisher.start();

    const own = needsEngine(this.#config) ? await this.#startEngine(folder) : null;
    const describer =
      this.#config.engine === 'own' ? own!.engine : await this.#startSending(folder, own?.engine);

    const tasks = Object.keys(this.#config.cameras).map((name) =>
      cameraTaskOf(name, this.#config, folder, log),
    );
    const announcer = announcerOf(this.#config, own?.name ?? 'worker boards', publisher, log);
    this.#running.push({ name: 'home-assistant', close: () => announcer.close() });
    announcer.start();

    const pipeline = new Pipeline({
      tasks,
      describer,
      publisher,
      log,
      maxFrameAgeMs: this.#config.max_frame_age,
      healthIntervalMs: this.#config.health_interval,
    });
    this.#running.push({ name: 'pipeline', close: () => pipeline.close() });
    this.#loopDelay.enable();
    pipeline.start();
    log.info({ cameras: tasks.length, device: this.#config.device }, 'looking');
    if (own) await this.#startWorker(folder, own.engine);
  }

  async #startEngine(folder: string): Promise<{ engine: EngineClient; name: string }> {
    const { model } = this.#config;
    const log = this.#log;
    const engine = new EngineClient({
      engine: await this.#planEngine(folder),
      deadlineMs: model.deadline,
      log,
      onProgress: progressLogger(log),
    });
    this.#running.push({ name: 'engine', close: () => engine.close() });
    const info = await startEngine(engine);
    log.info({ ...info, pid: engine.pid }, 'the model is loaded');
    if (model.detail !== 'full' && !info.heedsDetail) {
      log.warn(
        { detail: model.detail },
        'model.detail has no effect: this model looks at every picture alike',
      );
    }
    return { engine, name: `${info.model} (${info.quant})` };
  }

  /** For the frames of this board. */
  async #startSending(folder: string, own: EngineClient | undefined): Promise<Describer> {
    const pool = poolDescriberOf(this.#config, folder, own ?? null, this.#log);
    this.#running.push({ name: 'pool', close: () => pool.close() });
    await pool.start();
    return pool;
  }

  /** For the images of others. */
  async #startWorker(folder: string, engine: EngineClient): Promise<void> {
    const worker = poolWorkerOf(this.#config, folder, engine, this.#log);
    if (!worker) return;
    this.#running.push({ name: 'worker', close: () => worker.close() });
    await worker.start();
  }

  /** The engine's options, planned for this board. */
  async #planEngine(folder: string): Promise<EngineOptions> {
    const { model } = this.#config;
    const files = await modelFilesOf(model, folder);
    const setUp = await setUpEngine(model, files, jobOf(this.#config));
    const { reasons, memory, expected, ...plan } = setUp.plan;
    this.#log.info({ ...plan, memoryBytes: memory.totalBytes, expected }, 'planned');
    for (const given of plan.degraded)
      this.#log.warn({ reason: reasons.memory }, `to fit the memory: ${given}`);
    return setUp.options;
  }

  /** Stops every part in reverse order; runs every step, then reports all failures together. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
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
