import type { CameraSettings, ChangedSettings } from '../domain/camera-settings.ts';
import type { Detail } from '../domain/detail.ts';
import type { Picture, Size } from '../domain/frame.ts';
import type { GateReading, Health } from '../domain/health.ts';
import type { CameraStatus, Description, FrameEvent, Observation, Question } from '../domain/observation.ts';

/** A source of pictures. `capture` gives the newest one and rejects with a CameraError where there is none. */
export interface Camera {
  readonly name: string;
  start(signal: AbortSignal): Promise<void>;
  capture(signal: AbortSignal): Promise<Picture>;
  close(): Promise<void>;
}

/** Tells whether a camera shows something new. Each camera has a gate of its own, which sees all its pictures in order. */
export interface Gate {
  /** Rejects where the picture cannot be decoded. */
  look(picture: Picture): Promise<Look>;
}

/**
 * The mean brightness of each block of a JPEG, row by row, by a quicker way than sharp's. null for files that it does not
 * take: sharp then reads those, and says what is wrong with them.
 */
export type JpegBlocks = (
  jpeg: Uint8Array,
  size: Size,
  grid: { readonly columns: number; readonly rows: number },
) => Promise<Uint8Array | null>;

/** One picture as a gate saw it. */
export interface Look {
  /** Compares with what is the last described picture now. */
  compare(): { readonly changed: boolean; readonly reading: GateReading };
  /** This picture was described: from now on others are compared with it. */
  described(): void;
}

/** What is asked about one picture. */
export interface DescribeRequest {
  readonly picture: Picture;
  /** The words the model is given, e.g. "Describe the scene." */
  readonly prompt: string;
  readonly questions: readonly Question[];
  /** How closely to look, at most; default: as the engine was planned. Not every model can look less closely. */
  readonly detail?: Detail;
  /** Whose picture it is, for an engine that is elsewhere. */
  readonly frame?: { readonly id: string; readonly camera: string };
}

/** The engine; rejects with an EngineError, or with an ExpiredError where it was not served in time. */
export interface Describer {
  /** How many requests it serves at once; default: one after another. */
  readonly concurrency?: number;
  /** Resolves when a description can begin at once: where the engine is being started anew, when it is back. */
  ready(signal: AbortSignal): Promise<void>;
  describe(request: DescribeRequest, signal: AbortSignal): Promise<Description>;
}

/** Where results go. Calls return at once; delivery is the publisher's own business. */
export interface Publisher {
  cameraStatus(camera: string, status: CameraStatus): void;
  cameraSettings(camera: string, settings: CameraSettings): void;
  observation(observation: Observation): void;
  event(event: FrameEvent): void;
  health(health: Health): void;
}

/** Where changed settings survive a restart. */
export interface SettingsStore {
  /** By camera. */
  load(): Promise<ReadonlyMap<string, ChangedSettings>>;
  /** Replaces all that was kept; resolves when it survives whatever ends the process. */
  save(changed: ReadonlyMap<string, ChangedSettings>): Promise<void>;
}

/** Where the pipeline tells what it does; pino's Logger fits. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
