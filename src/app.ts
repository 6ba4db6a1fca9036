import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { FfmpegCamera } from './camera/ffmpeg.ts';
import { inputKind } from './camera/ffmpeg-command.ts';
import { SceneCamera } from './camera/scene.ts';
import { StillCamera } from './camera/still.ts';
import { V4l2Camera } from './camera/v4l2.ts';
import type { CameraConfig, Config } from './config/schema.ts';
import { stateFolder } from './domain/state-folder.ts';
import { jobOf, lookUp, modelFilesOf, questionOf, setUpEngine, startEngine } from './engine.ts';
import { MaskedCamera } from './gate/masked-camera.ts';
import { SceneGate } from './gate/scene-gate.ts';
import { HomeAssistantAnnouncer } from './mqtt/home-assistant-announcer.ts';
import { MqttPublisher } from './mqtt/mqtt-publisher.ts';
import type { CameraTask } from './pipeline/camera-watch.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import type { Camera, Log } from './pipeline/ports.ts';
import { Outbox } from './store/outbox.ts';
import { EngineClient } from './vision/engine-client.ts';
import type { EngineOptions } from './vision/protocol.ts';

/** The path of a secret: a relative one is a systemd credential of that name, where there is one. */
function lookUpSecret(path: string, folder: string): string {
  const credentials = process.env['CREDENTIALS_DIRECTORY'];
  const credential = credentials && !isAbsolute(path) ? resolve(credentials, path) : null;
  return credential && existsSync(credential) ? credential : lookUp(path, folder);
}

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
    const { model } = this.#config;
    const log = this.#log;
    const folder = dirname(this.#configPath);
    const outbox = outboxOf(this.#config, folder, log);
    this.#running.push({ name: 'outbox', close: () => outbox.close() });
    await outbox.open();
    const publisher = publisherOf(this.#config, folder, outbox, log);
    this.#running.push({ name: 'mqtt', close: () => publisher.close() });
    await publisher.start();

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

    const tasks = Object.entries(this.#config.cameras).map(([name, camera]) =>
      this.#taskOf(name, camera, folder),
    );
    const announcer = announcerOf(this.#config, `${info.model} (${info.quant})`, publisher, log);
    this.#running.push({ name: 'home-assistant', close: () => announcer.close() });
    announcer.start();

    const pipeline = new Pipeline({
      tasks,
      describer: engine,
      publisher,
      log,
      maxFrameAgeMs: this.#config.max_frame_age,
      healthIntervalMs: this.#config.health_interval,
    });
    this.#running.push({ name: 'pipeline', close: () => pipeline.close() });
    this.#loopDelay.enable();
    pipeline.start();
    log.info({ cameras: tasks.length, device: this.#config.device }, 'looking');
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

  #taskOf(name: string, camera: CameraConfig, folder: string): CameraTask {
    const { gate, privacy } = camera;
    const bare = cameraOf(name, camera, folder, this.#log);
    return {
      camera: privacy.length > 0 ? new MaskedCamera(bare, privacy) : bare,
      gate: gate.enabled ? gateOf(gate) : null,
      intervalMs: camera.interval,
      minIntervalMs: gate.enabled ? gate.min_interval : null,
      maxIntervalMs: gate.max_interval,
      promptName: camera.prompt,
      prompt: this.#config.prompts[camera.prompt]!,
      questions: Object.entries(camera.questions).map(([question, config]) => questionOf(question, config)),
    };
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

function outboxOf({ store, device }: Config, folder: string, log: Log): Outbox {
  const { max_entries, max_size, max_age, replay } = store.outbox;
  const state = store.folder === null ? stateFolder(process.env) : resolve(folder, store.folder);
  return new Outbox({
    path: join(state, `outbox-${device}.db`),
    bounds: { maxEntries: max_entries, maxBytes: max_size, maxAgeMs: max_age, replayMs: replay },
    log,
  });
}

function publisherOf({ mqtt, device }: Config, folder: string, outbox: Outbox, log: Log): MqttPublisher {
  const path = (secret: string | null): string | null => secret && lookUpSecret(secret, folder);
  return new MqttPublisher({
    url: mqtt.url,
    username: mqtt.username,
    passwordFile: path(mqtt.password_file),
    caFile: path(mqtt.ca_file),
    certFile: path(mqtt.cert_file),
    keyFile: path(mqtt.key_file),
    keepaliveMs: mqtt.keepalive,
    device,
    outbox,
    log,
  });
}

function cameraOf(name: string, { source, interval }: CameraConfig, folder: string, log: Log): Camera {
  switch (source.type) {
    case 'scene':
      return new SceneCamera(name, { seed: source.seed, size: source.size, everyMs: source.every });
    case 'still':
      return new StillCamera(name, lookUp(source.path, folder));
    case 'v4l2':
      return new V4l2Camera(
        name,
        { ...source, path: source.device, frameTimeoutMs: source.frame_timeout },
        log,
      );
    case 'ffmpeg':
      return new FfmpegCamera(name, {
        input: inputKind(source.input) === 'path' ? lookUp(source.input, folder) : source.input,
        transport: source.transport,
        username: source.username,
        passwordFile: source.password_file === null ? null : lookUp(source.password_file, folder),
        rotation: source.rotation,
        size: source.size,
        intervalMs: interval,
        stallMs: source.frame_timeout,
        log,
      });
  }
}

function gateOf({ sensitivity, ignore, light_guard }: CameraConfig['gate']): SceneGate {
  return new SceneGate({ sensitivity, ignore, lightGuard: light_guard });
}

/** What Home Assistant is told. Nothing can be asked or set over MQTT yet. */
function announcerOf(
  { device, cameras, prompts, mqtt: { discovery } }: Config,
  model: string,
  publisher: MqttPublisher,
  log: Log,
): HomeAssistantAnnouncer {
  return new HomeAssistantAnnouncer({
    device: {
      device,
      version: packageJson.version,
      model,
      cameras: Object.entries(cameras).map(([name, { questions }]) => ({
        name,
        questions: Object.entries(questions).map(([question, config]) => questionOf(question, config)),
        images: false,
      })),
      prompts: Object.keys(prompts),
      takesRequests: false,
      settable: [],
      health: ['outbox'],
    },
    ...discovery,
    publish: (topic, payload) => publisher.retain(topic, payload),
    subscribe: (topic, onMessage, signal) => publisher.subscribe(topic, onMessage, signal),
    random: Math.random,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
    log,
  });
}

function progressLogger(log: Logger): (fraction: number) => void {
  let nextLine = 0.1;
  return (fraction) => {
    if (fraction < nextLine) return;
    log.info({ percent: Math.round(fraction * 100) }, 'loading the model');
    nextLine = fraction + 0.1;
  };
}
