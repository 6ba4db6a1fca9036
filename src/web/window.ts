import type { WindowBoard, WindowCamera } from '../contract/window.ts';
import type { CameraAim } from '../domain/camera-aim.ts';
import type { LabelledPictures } from '../domain/label-task.ts';
import type { Observation } from '../domain/observation.ts';
import type {
  Camera,
  Describer,
  Gate,
  Log,
  PastObservations,
  Publisher,
  SessionStore,
} from '../pipeline/ports.ts';
import type { Routes } from '../system/http-server.ts';
import { EventStream } from './event-stream.ts';
import { GateHistory } from './gate-history.ts';
import { type EncodePicture, KeptPictures } from './kept-pictures.ts';
import type { PasswordHashes } from './logins.ts';
import type { StaticFile } from './static-files.ts';
import { staticRoutes } from './static-routes.ts';
import { WatchedCamera } from './watched-camera.ts';
import { WatchedDescriber } from './watched-describer.ts';
import { WatchedGate } from './watched-gate.ts';
import { WindowAccess } from './window-access.ts';
import { WindowCommands, type WindowHandlers } from './window-commands.ts';
import { type WindowFacts, WindowFeed, type WindowReadings } from './window-feed.ts';
import { windowRoutes } from './window-routes.ts';

export interface WindowOptions extends WindowReadings {
  readonly facts: WindowFacts;
  /** The page, by path. */
  readonly files: ReadonlyMap<string, StaticFile>;
  /** null: there is no password, since only loopback is served. */
  readonly passwords: (() => Promise<PasswordHashes>) | null;
  readonly sessions: SessionStore;
  readonly encode: EncodePicture;
  readonly board: () => Promise<WindowBoard>;
  /** Closed with the window; null: none is kept. */
  readonly history: (PastObservations & { close(): Promise<void> }) | null;
  /** How long after an answer of a camera the next one may come; undefined: as long as is usual. */
  readonly maxGapMs: (camera: string) => number | undefined;
  /** Kept pictures to be labelled; null: there are none, or the window shows no pictures. */
  readonly labels: LabelledPictures | null;
  readonly commandTimeoutMs: number;
  readonly log: Log;
}

/** Shows what the daemon sees on a page, and takes commands from it. */
export class Window {
  /** Takes what the pipeline reports. */
  readonly publisher: Publisher;
  /** Adds its routes to a server. */
  readonly routes: Routes;
  readonly #access: WindowAccess;
  readonly #feed: WindowFeed;
  readonly #stream: EventStream;
  readonly #pictures: KeptPictures | null;
  readonly #commands: WindowCommands;
  readonly #history: WindowOptions['history'];

  constructor(options: WindowOptions) {
    const { facts, files, passwords, sessions, encode, board, history, commandTimeoutMs, log } = options;
    const gates = new GateHistory();
    const access = new WindowAccess(passwords, sessions, log);
    const stream = new EventStream({
      onSecond: () => {
        access.sweep();
        feed.sendProgress();
      },
    });
    const feed = new WindowFeed(facts, options, stream, gates);
    const pictures = facts.pictures ? new KeptPictures(encode, log) : null;
    const commands = new WindowCommands({ allowed: facts.allowed, timeoutMs: commandTimeoutMs });
    this.#access = access;
    this.#feed = feed;
    this.#stream = stream;
    this.#pictures = pictures;
    this.#commands = commands;
    this.#history = history;
    this.publisher = {
      cameraStatus: feed.cameraStatus.bind(feed),
      cameraSettings: feed.cameraSettings.bind(feed),
      cameraVision: feed.cameraVision.bind(feed),
      event: feed.event.bind(feed),
      rule: feed.rule.bind(feed),
      alert: feed.alert.bind(feed),
      watches: feed.watches.bind(feed),
      health: feed.health.bind(feed),
      observation: (observation) => this.#observed(observation),
    };
    this.routes = (scope) => {
      access.guard(scope);
      staticRoutes(scope, files);
      windowRoutes(scope, {
        cameras: Object.keys(facts.cameras),
        access,
        feed,
        stream,
        gates,
        pictures,
        commands,
        board,
        history,
        maxGapMs: options.maxGapMs,
        labels: options.labels,
        log,
      });
    };
  }

  /** Reads who is logged in. Call before it is served. */
  load(): Promise<void> {
    return this.#access.load();
  }

  /** From now on, commands are taken. */
  accept(handlers: WindowHandlers): void {
    this.#commands.accept(handlers);
  }

  /** A camera's aim has changed. */
  aimed(camera: string, aim: CameraAim): void {
    this.#feed.cameraAim(camera, aim);
  }

  /** What `scenecast eval` has measured of a camera's questions. */
  measured(camera: string, measured: WindowCamera['measured']): void {
    this.#feed.measured(camera, measured);
  }

  /** Shows no picture of a camera that was taken until now. */
  forgetPictures(camera: string): void {
    this.#pictures?.forget(camera);
  }

  /** The camera, whose pictures the window then shows. */
  watchCamera(camera: Camera): Camera {
    const pictures = this.#pictures;
    return pictures ? new WatchedCamera(camera, (picture) => pictures.seen(camera.name, picture)) : camera;
  }

  /** The camera's gate, whose measures the window then shows. */
  watchGate(camera: string, gate: Gate): Gate {
    return new WatchedGate(gate, (reading, changed) => this.#feed.gate(camera, reading, changed));
  }

  /** The describer, whose progress the window then shows. */
  watchDescriber(describer: Describer): Describer {
    return new WatchedDescriber(describer, this.#feed.stage);
  }

  /** Ends all readers; commands in progress fail. May be called again. */
  async close(): Promise<void> {
    this.#commands.close();
    this.#stream.close();
    await this.#history?.close();
    await this.#access.close();
  }

  /** The picture first: a page asks for it as soon as it hears of the observation. */
  #observed(observation: Observation): void {
    this.#pictures?.described(observation.frame);
    this.#feed.observation(observation);
  }
}
