import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { configAdvice } from '../config/config-advice.ts';
import type { Config } from '../config/schema.ts';
import { topicsOf } from '../contract/topics.ts';
import { visionAtStart } from '../domain/camera-vision.ts';
import { messageOf } from '../domain/errors.ts';
import type { Health } from '../domain/health.ts';
import type { MqttPublisher } from '../mqtt/publishing/publisher.ts';
import type { Aims } from '../pipeline/aims.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Describer } from '../pipeline/ports.ts';
import type { Settings } from '../pipeline/settings.ts';
import type { RemoteDescriber } from '../remote-engine/remote-describer.ts';
import { MissingFiles } from '../store/missing-files.ts';
import type { Outbox } from '../store/outbox.ts';
import type { NotifyEnvironment } from '../supervision/notify-environment.ts';
import { aimPathOf, createAims } from './aims.ts';
import { commandHandlers, createCommands, createSettings, type Powers, settingsPathOf } from './commands.ts';
import { engineModeOf, engineNameOf } from './engine-mode.ts';
import { followAims } from './follow-aims.ts';
import { forgetFormerDevices } from './former-devices.ts';
import { createAnnouncer } from './home-assistant.ts';
import { infoOf, type Known } from './info.ts';
import { Labelling } from './labelling.ts';
import { LoopDelay } from './loop-delay.ts';
import type { Onlookers } from './onlookers.ts';
import { type OwnEngine, type OwnEngines, planOwnEngines } from './own-engine.ts';
import { createPipeline, type PipelineNeeds } from './pipeline.ts';
import { clearImages, createOutbox, createPublisher, removedTopics } from './publisher.ts';
import { createRemoteDescriber } from './remote-engine.ts';
import { loadRuleStates } from './rules.ts';
import { createServing, type Serving } from './serving.ts';
import { createSupervision } from './supervision.ts';
import { createWatches } from './watches.ts';
import { createPoolDescriber, createPoolWorker } from './worker-boards.ts';

/** The daemon: every part built from the config, torn down in reverse. */
export class App {
  readonly #config: Config;
  /** Where relative paths of the config are looked up. */
  readonly #folder: string;
  readonly #configPath: string;
  readonly #log: Logger;
  readonly #startedAt = new Date();
  readonly #notifyEnvironment: NotifyEnvironment | null;
  readonly #onlookers: Onlookers;
  readonly #stopping = new AbortController();
  readonly #restart = Promise.withResolvers<void>();
  readonly #running = new AsyncDisposableStack();
  readonly #files: MissingFiles;
  #remote: RemoteDescriber | null = null;
  readonly #aims: Aims;
  readonly #outbox: Outbox;
  #serving: Serving | null = null;
  #pipeline: Pipeline | null = null;
  #known: Known = { board: null, engines: [] };

  /** @param notifyEnvironment null unless systemd started the process */
  constructor(
    config: Config,
    configPath: string,
    log: Logger,
    notifyEnvironment: NotifyEnvironment | null = null,
    onlookers: Onlookers = { warnings: null, display: null },
  ) {
    this.#config = config;
    this.#configPath = configPath;
    this.#folder = dirname(configPath);
    this.#log = log;
    this.#notifyEnvironment = notifyEnvironment;
    this.#onlookers = onlookers;
    this.#files = new MissingFiles(log);
    this.#aims = createAims(config, this.#folder, log);
    this.#outbox = createOutbox(config, this.#folder, log);
  }

  /** Resolves when a command asks for a restart of the daemon: its owner closes it, and exits so that it is started again. */
  get restartRequested(): Promise<void> {
    return this.#restart.promise;
  }

  /**
   * Starts every part; resolves when the model is loaded. systemd learns that the daemon is ready as soon as it looks at
   * the cameras, since the broker may be away and a large model takes long to load.
   * @throws ConfigError, PlanError for faults that a person must fix
   */
  async start(): Promise<void> {
    // First: it names a folder that cannot be used, or another daemon that uses it.
    await this.#closeLater('outbox', this.#outbox).open();
    await this.#closeLater('aims', this.#aims).load();
    this.#files.keep(aimPathOf(this.#config, this.#folder), () => this.#aims.saveAgain());
    const publisher = await this.#startPublisher();
    const removed = await removedTopics(this.#config, this.#configPath, this.#files, this.#log);
    const settings = await this.#loadSettings();
    const ruleStates = await loadRuleStates(this.#config, this.#folder, this.#log);
    this.#closeLater('states of rules', ruleStates);
    const labelling = await this.#startLabelling(publisher);
    const { own, describer } = await this.#chooseDescriber(publisher);
    await this.#startServing(own, publisher);
    const loading = Promise.all((own?.engines ?? []).map((engine) => engine.load()));
    // If the start fails before it is awaited, as at a stop, closing aborts it.
    loading.catch(() => {});
    const needs = { describer, own, publisher, settings, ruleStates, labelling };
    const pipeline = this.#startPipeline(needs, publisher);
    await this.#startCommands({ pipeline, settings, labelling, own }, publisher);
    this.#startSupervision(pipeline, own, publisher);

    const infos = await loading;
    if (own) {
      const engines = own.engines.map((engine, index) => ({ ...engine, info: infos[index]! }));
      this.#known = { board: own.board, engines };
      this.#publishInfo(publisher, labelling);
      await this.#startWorker(own.engines.at(-1)!);
    }
    await this.#startAnnouncer(publisher, removed, engineNameOf(this.#config, infos), own !== null);
  }

  /** Closes every part in reverse order; safe to call twice. Rejects if one failed, once all have been closed. */
  async close(): Promise<void> {
    if (this.#running.disposed) return;
    this.#stopping.abort(new Error('Scenecast is stopping'));
    try {
      await this.#running.disposeAsync();
    } catch (cause) {
      throw new Error('Scenecast did not stop cleanly', { cause });
    }
  }

  /** Registers `part` to be closed at shutdown, after all parts that start later. @throws if the daemon is stopping already */
  #closeLater<Part extends { close(): Promise<void> }>(name: string, part: Part): Part {
    this.#stopping.signal.throwIfAborted();
    this.#running.defer(async () => {
      try {
        await part.close();
      } catch (error) {
        this.#log.error({ part: name, reason: messageOf(error) }, 'could not be closed');
        throw error;
      }
    });
    return part;
  }

  /** Opens the outbox, connects to the broker in the background, and clears what must no longer be retained there. */
  async #startPublisher(): Promise<MqttPublisher> {
    const publisher = this.#closeLater(
      'mqtt',
      createPublisher(this.#config, this.#folder, this.#outbox, this.#log),
    );
    const atStart = visionAtStart(this.#startedAt);
    for (const name of Object.keys(this.#config.cameras)) publisher.cameraVision(name, atStart);
    await publisher.start();
    this.#stopping.signal.throwIfAborted();
    clearImages(this.#config, publisher, (camera) => this.#aims.of(camera).privacy.length > 0);
    this.#publishInfo(publisher);
    return publisher;
  }

  async #loadSettings(): Promise<Settings> {
    const settings = this.#closeLater('settings', createSettings(this.#config, this.#folder, this.#log));
    await settings.load();
    this.#files.keep(settingsPathOf(this.#config, this.#folder), () => settings.saveAgain());
    this.#closeLater('state files', this.#files).start();
    return settings;
  }

  /** What owners' labels do: pictures are collected, confidences calibrated. */
  async #startLabelling(publisher: MqttPublisher): Promise<Labelling> {
    const labelling: Labelling = new Labelling(
      this.#config,
      this.#folder,
      () => this.#publishInfo(publisher, labelling),
      this.#log,
    );
    await this.#closeLater('labelling', labelling).start();
    return labelling;
  }

  /** What describes this board's frames, and its own engines if it has any. */
  async #chooseDescriber(
    publisher: MqttPublisher,
  ): Promise<{ own: OwnEngines | null; describer: Describer }> {
    const { describes, hasOwn } = engineModeOf(this.#config);
    const own = hasOwn ? await this.#planEngines(publisher) : null;
    const describer = own?.engines.at(-1)?.describer ?? null;
    if (describes === 'pool') return { own, describer: await this.#startPool(describer) };
    return { own, describer: describes === 'url' ? this.#startRemote(describer) : describer! };
  }

  async #planEngines(publisher: MqttPublisher): Promise<OwnEngines> {
    const own = await planOwnEngines(this.#config, this.#folder, this.#log, this.#stopping.signal);
    for (const { client } of own.engines) this.#closeLater('engine', client);
    const engines = own.engines.map((engine) => ({ ...engine, info: null }));
    this.#known = { board: own.board, engines };
    this.#publishInfo(publisher);
    return own;
  }

  /** Sends this board's frames to worker boards. */
  async #startPool(own: Describer | null): Promise<Describer> {
    const pool = createPoolDescriber(this.#config, this.#folder, own, this.#log);
    await this.#closeLater('pool', pool).start();
    // The engine, which is loaded next, would start although it has been closed.
    this.#stopping.signal.throwIfAborted();
    return pool;
  }

  /** Sends this board's frames to the server that the config names. */
  #startRemote(own: Describer | null): Describer {
    const remote = createRemoteDescriber(this.#config, this.#folder, own, this.#log);
    this.#remote = this.#closeLater('remote engine', remote);
    return remote;
  }

  /** Shows the window, offers the engine to other programs and metrics to monitoring, if the config says so. */
  async #startServing(own: OwnEngines | null, publisher: MqttPublisher): Promise<void> {
    const [outbox, aims, startedAt] = [this.#outbox, this.#aims, this.#startedAt];
    const health = (): Health | null => this.#pipeline?.health ?? null;
    const seen = { own, publisher, outbox, ...this.#onlookers, aims, startedAt, health };
    const serving = await createServing(this.#config, this.#folder, seen, this.#log);
    this.#serving = serving;
    await this.#closeLater('HTTP', serving).start();
  }

  #startPipeline(
    needs: Omit<PipelineNeeds, 'aims' | 'remote' | 'serving'>,
    publisher: MqttPublisher,
  ): Pipeline {
    for (const advice of configAdvice(this.#config)) this.#log.warn({ advice }, 'config could be better');
    const serving = this.#serving!;
    const { window } = serving;
    const all = { ...needs, aims: this.#aims, remote: this.#remote, serving };
    const pipeline = createPipeline(this.#config, this.#folder, all, this.#log);
    this.#pipeline = this.#closeLater('pipeline', pipeline);
    if (window) followAims(this.#aims, window, pipeline, publisher);
    needs.settings.onChange((camera, changed) => pipeline.set(camera, changed));
    this.#closeLater('loop delay', new LoopDelay(this.#log)).start();
    pipeline.start();
    this.#log.info(
      { cameras: Object.keys(this.#config.cameras).length, device: this.#config.device },
      'pipeline started',
    );
    return pipeline;
  }

  async #startCommands(
    powers: Omit<Powers, 'watches' | 'restartDaemon' | 'log'>,
    publisher: MqttPublisher,
  ): Promise<void> {
    const all = this.#serving!.reportedTo(publisher);
    const watches = createWatches(this.#config, this.#folder, powers.pipeline, all, this.#log);
    await this.#closeLater('watches', watches).start();
    const restartDaemon = this.#notifyEnvironment && (() => this.#restart.resolve());
    const handlers = commandHandlers({ ...powers, watches, restartDaemon, log: this.#log });
    this.#closeLater('commands', createCommands(this.#config, handlers, publisher, this.#log)).start();
    this.#serving?.window?.accept({ ...handlers, aim: this.#aims.set.bind(this.#aims) });
  }

  /** Under systemd: reports readiness and status, and feeds the watchdog. */
  #startSupervision(pipeline: Pipeline, own: OwnEngines | null, publisher: MqttPublisher): void {
    if (!this.#notifyEnvironment) return;
    const supervision = createSupervision(this.#notifyEnvironment, pipeline, own, publisher, this.#log);
    this.#closeLater('supervision', supervision).ready();
  }

  /** Describes the images of other boards, if the config says so. */
  async #startWorker({ describer }: OwnEngine): Promise<void> {
    const worker = createPoolWorker(this.#config, this.#folder, describer, this.#log);
    if (worker) await this.#closeLater('worker', worker).start();
  }

  /** Announces the board to Home Assistant, and clears what earlier configs retained. In the background. */
  async #startAnnouncer(
    publisher: MqttPublisher,
    removed: readonly string[],
    model: string,
    hasEngine: boolean,
  ): Promise<void> {
    const facts = { model, hasEngine, isSupervised: this.#notifyEnvironment !== null };
    const announcer = await createAnnouncer(this.#config, facts, publisher, removed, this.#log);
    this.#closeLater('home-assistant', announcer).start();
    const { signal } = this.#stopping;
    const forgetting = forgetFormerDevices(this.#config, this.#configPath, publisher, signal, this.#log);
    this.#closeLater('former devices', { close: () => forgetting });
  }

  #publishInfo(publisher: MqttPublisher, labelling?: Labelling): void {
    const info = infoOf(this.#config, this.#startedAt, this.#known, labelling?.measured);
    publisher.retain(topicsOf(this.#config.device).info, JSON.stringify(info));
    for (const [camera, { measured = {} }] of Object.entries(info.cameras))
      this.#serving?.window?.measured(camera, measured);
  }
}
