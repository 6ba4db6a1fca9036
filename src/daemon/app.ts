import { dirname } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Logger } from 'pino';
import { readBoardHealth } from '../board/read-board-health.ts';
import type { Config } from '../config/schema.ts';
import { topicsOf } from '../contract/topics.ts';
import { CommandError } from '../domain/errors.ts';
import type { MqttPublisher } from '../mqtt/publishing/publisher.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import type { Describer } from '../pipeline/ports.ts';
import { setUpEngine, startEngine } from '../setup/engine.ts';
import { jobOf } from '../setup/job.ts';
import { modelFilesOf } from '../setup/model-files.ts';
import type { NotifyEnvironment } from '../supervision/notify-environment.ts';
import { statusLine } from '../supervision/status-line.ts';
import { Supervision, type SupervisionOptions } from '../supervision/supervision.ts';
import { EngineClient } from '../vision/process/engine-client.ts';
import { InTurn } from '../vision/process/in-turn.ts';
import type { EngineInfo, EngineOptions } from '../vision/process/protocol.ts';
import { cameraTaskOf } from './cameras.ts';
import { commandsFor, settingsOf } from './commands.ts';
import { announcerOf } from './home-assistant.ts';
import { infoOf, type Known } from './info.ts';
import { clearImages, clearRemoved, outboxOf, publisherOf } from './publisher.ts';
import { needsEngine, poolDescriberOf, poolWorkerOf } from './worker-boards.ts';

/** The engine's process is killed at the deadline, and has then to be gone. */
const deadlineSlackMs = 60_000;

/** The daemon: every part built from the config, torn down in reverse. */
export class App {
  readonly #config: Config;
  readonly #configPath: string;
  readonly #log: Logger;
  readonly #startedAt = new Date();
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
    const { signal } = this.#stopping;
    const log = this.#log;
    const folder = dirname(this.#configPath);
    const outbox = outboxOf(this.#config, folder, log);
    this.#running.push({ name: 'outbox', close: () => outbox.close() });
    await outbox.open();
    signal.throwIfAborted();
    const publisher = publisherOf(this.#config, folder, outbox, log);
    this.#running.push({ name: 'mqtt', close: () => publisher.close() });
    await publisher.start();
    signal.throwIfAborted();
    clearImages(this.#config, publisher);
    await clearRemoved(this.#config, folder, publisher, log);
    signal.throwIfAborted();
    this.#tellInfo(publisher, { board: null, plan: null, engine: null });
    const settings = settingsOf(this.#config, folder, (camera, now) => pipeline.set(camera, now), log);
    this.#running.push({ name: 'settings', close: () => settings.close() });
    await settings.load();
    signal.throwIfAborted();

    const own = needsEngine(this.#config) ? await this.#planEngine(folder) : null;
    signal.throwIfAborted();
    if (own) this.#tellInfo(publisher, { ...own, engine: null });
    const engine = own && this.#engineOf(own.options);
    const inTurn = engine && new InTurn(engine, this.#config.model.deadline);
    const describer = this.#config.engine === 'own' ? inTurn! : await this.#startSending(folder, inTurn);
    const loading = engine && startEngine(engine, { triesAgain: true });
    if (!loading) this.#loading = null;

    const tasks = Object.keys(this.#config.cameras).map((name) =>
      cameraTaskOf(name, this.#config, () => settings.of(name), folder, log),
    );
    const pipeline = new Pipeline({
      tasks,
      prompts: this.#config.prompts,
      describer,
      publisher,
      log,
      maxFrameAgeMs: this.#config.max_frame_age,
      healthIntervalMs: this.#config.health_interval,
      readings: () => readBoardHealth(engine?.pid ?? null),
      maxDescriptionMs: maxDescriptionMs(this.#config),
    });
    this.#running.push({ name: 'pipeline', close: () => pipeline.close() });
    this.#loopDelay.enable();
    pipeline.start();
    const commands = commandsFor(
      this.#config,
      {
        request: (camera, options, signal) => pipeline.request(camera, options, signal),
        restart: (signal) => restart(engine, signal),
        set: (camera, change) => settings.set(camera, change),
      },
      publisher,
      log,
    );
    this.#running.push({ name: 'commands', close: () => commands.close() });
    commands.start();
    log.info({ cameras: tasks.length, device: this.#config.device }, 'looking');
    this.#reportTo(this.#notifyEnvironment, {
      heartbeats: () => [...pipeline.heartbeats, ...(engine ? [engine.heartbeat] : [])],
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
    if (engine && info) {
      this.#tellLoaded(engine, info);
      this.#tellInfo(publisher, { ...own!, engine: info });
      await this.#startWorker(folder, inTurn!);
    }
    const model = info ? `${info.model} (${info.quant})` : 'worker boards';
    const announcer = announcerOf(this.#config, model, publisher, log);
    this.#running.push({ name: 'home-assistant', close: () => announcer.close() });
    announcer.start();
  }

  /** Its model is not loaded yet. */
  #engineOf(options: EngineOptions): EngineClient {
    const log = this.#log;
    const logProgress = progressLogger(log);
    const engine = new EngineClient({
      engine: options,
      deadlineMs: this.#config.model.deadline,
      log,
      onProgress: (fraction) => {
        this.#loading = fraction < 1 ? fraction : null;
        logProgress(fraction);
      },
    });
    this.#running.push({ name: 'engine', close: () => engine.close() });
    return engine;
  }

  #tellLoaded(engine: EngineClient, info: EngineInfo): void {
    this.#log.info({ ...info, pid: engine.pid }, 'the model is loaded');
    const { detail } = this.#config.model;
    if (detail !== 'full' && !info.heedsDetail)
      this.#log.warn({ detail }, 'model.detail has no effect: this model looks at every picture alike');
  }

  /** For the frames of this board. */
  async #startSending(folder: string, own: Describer | null): Promise<Describer> {
    const pool = poolDescriberOf(this.#config, folder, own, this.#log);
    this.#running.push({ name: 'pool', close: () => pool.close() });
    await pool.start();
    return pool;
  }

  /** For the images of others. */
  async #startWorker(folder: string, engine: Describer): Promise<void> {
    const worker = poolWorkerOf(this.#config, folder, engine, this.#log);
    if (!worker) return;
    this.#running.push({ name: 'worker', close: () => worker.close() });
    await worker.start();
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

  #tellInfo(publisher: MqttPublisher, known: Known): void {
    const info = infoOf(this.#config, this.#startedAt, known);
    publisher.retain(topicsOf(this.#config.device).info, JSON.stringify(info));
  }

  /** How the engine is to run on this board. */
  async #planEngine(folder: string): ReturnType<typeof setUpEngine> {
    const { model } = this.#config;
    const files = await modelFilesOf(model, folder);
    const setUp = await setUpEngine(model, files, jobOf(this.#config), this.#stopping.signal);
    const { reasons, memory, expected, ...plan } = setUp.plan;
    this.#log.info({ ...plan, memoryBytes: memory.totalBytes, expected }, 'planned');
    for (const given of plan.degraded)
      this.#log.warn({ reason: reasons.memory }, `to fit the memory: ${given}`);
    return setUp;
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

/**
 * When a description under way must have come to an end: the pool's time, then that in which the own engine must be free, then
 * the engine's, whose process is killed.
 */
function maxDescriptionMs({ engine, model, work }: Config): number {
  return (engine === 'pool' ? work.sending.deadline : 0) + 2 * model.deadline + deadlineSlackMs;
}

async function restart(engine: EngineClient | null, signal: AbortSignal): Promise<void> {
  if (!engine) throw new CommandError('failed', 'this board has no engine of its own');
  await engine.restart(signal);
}
