import type { ChangedAim } from '../domain/camera-aim.ts';
import type { CameraSettings, ChangedSettings } from '../domain/camera-settings.ts';
import type { CameraVision } from '../domain/camera-vision.ts';
import type { ChatReply, ChatRequest } from '../domain/chat.ts';
import type { DescriptionOptions, DescriptionResult } from '../domain/description-options.ts';
import type { Detail } from '../domain/detail.ts';
import type { Feedback, LabelledFrame } from '../domain/feedback.ts';
import type { Picture, Size } from '../domain/frame.ts';
import type { GateReading, Health } from '../domain/health.ts';
import type {
  HistoryFilter,
  HistoryNeighbours,
  HistoryPage,
  HistoryPageRequest,
  Timeline,
  TimelineRequest,
} from '../domain/history.ts';
import type { KeptSession } from '../domain/kept-session.ts';
import type {
  CameraStatus,
  Description,
  FrameEvent,
  Observation,
  PictureProblem,
  Question,
} from '../domain/observation.ts';
import type { PictureArea } from '../domain/picture-area.ts';
import type { Alert, RuleSnapshot, RuleStatus } from '../domain/rule-status.ts';
import type { RunningWatch, Watch } from '../domain/watch.ts';
import type { HoursState } from '../domain/working-hours.ts';

/** A source of pictures. `capture` returns the newest one, or rejects with a CameraError if there is none. */
export interface Camera {
  readonly name: string;
  start(signal: AbortSignal): Promise<void>;
  capture(signal: AbortSignal, options?: CaptureOptions): Promise<Picture>;
  /** Closes the device or stream until the next capture, which opens it again. None: there is nothing to close. */
  release?(): Promise<void>;
  close(): Promise<void>;
}

export interface CaptureOptions {
  /** A description was requested: a camera that has paused after a refused login tries again. Default: false. */
  readonly isRequested?: boolean;
}

/** Decides whether a camera shows something new. Each camera has its own gate, which sees all its pictures in order. */
export interface Gate {
  /** Rejects if the picture cannot be decoded. */
  look(picture: Picture): Promise<Look>;
}

/**
 * The mean Y of each block of a JPEG, row by row, then the mean Cb and Cr, faster than sharp computes them. Resolves with
 * null for files that it does not support; sharp then reads them, or reports what is wrong with them.
 */
export type JpegBlocks = (
  jpeg: Uint8Array,
  size: Size,
  grid: { readonly columns: number; readonly rows: number },
) => Promise<Uint8Array | null>;

/** The gate's view of one picture. */
export interface Look {
  /** Compares with the picture that is the last described one at this moment. */
  compare(): { readonly changed: boolean; readonly reading: GateReading };
  /** What is wrong with the camera's pictures by now. */
  readonly problem: PictureProblem | null;
  /** Where it differs from the last described picture; null: nowhere, in most of it, or there is none. */
  changedArea(): PictureArea | null;
  /** This picture was described: later ones are compared with it. */
  described(): void;
}

/** What is asked about one picture. */
export interface DescribeRequest {
  readonly picture: Picture;
  /** The instruction to the model, e.g. "Describe the scene."; null: only the questions are asked, at least one. */
  readonly prompt: string | null;
  readonly questions: readonly Question[];
  /** Asks what has changed since the camera's last description, unless the new one has the same words. Default: not asked. */
  readonly change?: ChangeQuestion;
  /** Maximum detail; default: as planned. Models without detail levels ignore it. */
  readonly detail?: Detail;
  /**
   * What has changed since the last description. Engines that are set to look closely at that alone do so; others ignore it.
   * Default: everything.
   */
  readonly changedArea?: PictureArea;
  /** Identifies the frame to a remote engine. */
  readonly frame?: { readonly id: string; readonly camera: string };
}

/** Continues the conversation in which the model has just described the picture. */
export interface ChangeQuestion {
  /** The last description. */
  readonly previous: string;
  /** The question's words, which contain it. */
  readonly ask: string;
  /**
   * The last described picture, and the words with which an engine asks if its model takes several pictures and it has room for
   * both; else it asks as without it. Default: there is none.
   */
  readonly earlier?: { readonly picture: Picture; readonly ask: string };
}

/** An engine, here or elsewhere. Rejects with an EngineError, or an ExpiredError if no engine was free in time. */
export interface Describer {
  /** Number of requests served at once; default: 1. */
  readonly concurrency?: number;
  /** Whether a description that is aborted soon frees the engine for another one. Default: false. */
  readonly isInterruptible?: boolean;
  /** Resolves when a description can start at once, e.g. after a restart of the engine. */
  ready(signal: AbortSignal): Promise<void>;
  describe(request: DescribeRequest, signal: AbortSignal, events?: DescribeEvents): Promise<Description>;
}

export interface DescribeEvents {
  /** The picture has been encoded, and is prefilled next. Not of models whose pictures libmtmd encodes, nor of servers. */
  readonly onReading?: (() => void) | undefined;
  /** Picture and prompt have been prefilled, which is most of the work. Not of servers. */
  readonly onGenerating?: (() => void) | undefined;
}

/** An engine that continues conversations. */
export interface ChatEngine {
  /** Rejects with an EngineError. */
  chat(request: ChatRequest, signal: AbortSignal, events?: ChatEvents): Promise<ChatReply>;
}

export interface ChatEvents {
  /** Picture and conversation have been prefilled, which is most of the work. */
  readonly onGenerating?: (() => void) | undefined;
  /** The next piece of the reply; without it, the reply comes in one piece, which is faster. */
  readonly onText?: ((text: string) => void) | undefined;
}

/** Where results go. Calls return at once; the publisher takes care of delivery. */
export interface Publisher {
  cameraStatus(camera: string, status: CameraStatus): void;
  /** @param hours null: the camera is looked at at all times */
  cameraSettings(camera: string, settings: CameraSettings, hours: HoursState | null): void;
  /** Whether what the newest observation says still holds. */
  cameraVision(camera: string, vision: CameraVision): void;
  observation(observation: Observation): void;
  rule(camera: string, rule: string, status: RuleStatus): void;
  /** Resolves once the alert cannot be lost any more. */
  alert(alert: Alert): Promise<void>;
  /** All watches that run. */
  watches(watches: readonly Watch[]): void;
  event(event: FrameEvent): void;
  health(health: Health): void;
}

/**
 * What has been observed, some minutes ago or earlier. Answers are limited in size and in the time that they take; they
 * say where they stopped. Rejects with a ScenecastError if it cannot be read.
 */
export interface PastObservations {
  page(filter: HistoryFilter, request: HistoryPageRequest): Promise<HistoryPage>;
  timeline(request: TimelineRequest): Promise<Timeline>;
  /** null: there is no observation with this number. */
  neighbours(number: number): Promise<HistoryNeighbours | null>;
  /** A JPEG file; null: there is none. */
  thumbnail(number: number): Promise<Uint8Array | null>;
}

/** Carries out commands. Each method rejects with a CommandError, or with any other error for `failed`. */
export interface CommandHandlers extends WatchCommands {
  /** @param camera null: the only one. Rejects with the signal's reason when it aborts. */
  request(
    camera: string | null,
    options: DescriptionOptions,
    signal: AbortSignal,
  ): Promise<DescriptionResult>;
  /** Labels the picture of an answer. */
  feedback(feedback: Feedback): Promise<LabelledFrame>;
  /** Resolves when the engine is ready again, or when the daemon is about to stop. Rejects when the signal aborts. */
  restart(what: 'engine' | 'daemon', signal: AbortSignal): Promise<void>;
  /** Resolves with all of the camera's settings. */
  set(camera: string, change: Partial<CameraSettings>): Promise<CameraSettings>;
}

/** Keeps changed settings across restarts. */
export interface SettingsStore {
  /** By camera. */
  load(): Promise<ReadonlyMap<string, ChangedSettings>>;
  /** Replaces all kept settings; resolves when they are durable. */
  save(changed: ReadonlyMap<string, ChangedSettings>): Promise<void>;
}

/** What waits for conditions. Each method rejects with a CommandError. */
export interface WatchCommands {
  /** @param camera null: the only one. Resolves once the watch is kept. */
  watch(request: Omit<Watch, 'id' | 'camera'> & { readonly camera: string | null }): Promise<RunningWatch>;
  unwatch(id: string): Promise<void>;
}

/** Keeps watches across restarts. */
export interface WatchStore {
  load(): Promise<readonly Watch[]>;
  /** Replaces all that is kept; resolves when it is durable. */
  save(watches: readonly Watch[]): Promise<void>;
}

/** Keeps the states of rules across restarts. */
export interface RuleStore {
  load(): Promise<KeptRules>;
  /** Replaces all that is kept; resolves when it is durable. */
  save(rules: KeptRules['rules']): Promise<void>;
}

export interface KeptRules {
  /** Since they were saved; null: unknown, as the clock was set or the board restarted without one. */
  readonly elapsedMs: number | null;
  readonly rules: readonly KeptRule[];
}

export interface KeptRule {
  readonly camera: string;
  readonly rule: string;
  /** Identifies its condition and the wording of its questions: a state under others says nothing. */
  readonly definition: string;
  readonly snapshot: RuleSnapshot;
}

/** Keeps changed zones and sensitivities across restarts. */
export interface AimStore {
  /** By camera. Rejects if there are some that cannot be read. */
  load(): Promise<ReadonlyMap<string, ChangedAim>>;
  /** Replaces all that are kept; resolves when they are durable. */
  save(changed: ReadonlyMap<string, ChangedAim>): Promise<void>;
}

/** Keeps who is logged in to the window across restarts. */
export interface SessionStore {
  /** Empty if they cannot be read. */
  load(): Promise<readonly KeptSession[]>;
  /** Replaces all that are kept. */
  save(sessions: readonly KeptSession[]): Promise<void>;
}

/** A structured log; pino's Logger fits. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
