import type { ModelRole } from './model-role.ts';
import type { PictureProblem } from './observation.ts';

/** A gate's measurements of its newest picture. */
export interface GateReading {
  /** The largest region that differs from the last described picture, in percent; null: none was described yet. */
  readonly measure: number | null;
  /** A picture with a larger measure is a change. */
  readonly threshold: number;
  /** How much a block of the picture differs from one look to the next while nothing happens, in grey levels. */
  readonly noiseFloor: number;
}

/** Frames since the start, by how they ended; `captured` counts all of them. */
export interface FrameCounts {
  readonly captured: number;
  readonly described: number;
  readonly unchanged: number;
  readonly failed: number;
  /** Replaced by a newer frame of the same camera. */
  readonly dropped: number;
  /** Stale when the engine was free, or still waiting when Scenecast stopped. */
  readonly expired: number;
}

export interface CameraHealth {
  readonly state: 'starting' | 'online' | 'offline';
  /** Configured time between two looks. */
  readonly intervalMs: number;
  /** Time between two descriptions while the engine is slower than the interval; else the same as `intervalMs`. */
  readonly effectiveIntervalMs: number;
  /** null: no gate, or no look yet. */
  readonly gate: GateReading | null;
  /** What is wrong with its pictures. */
  readonly problem: PictureProblem['kind'] | null;
  /** Why it is offline, or has a problem. */
  readonly reason?: string;
}

/** Observations on their way to the broker. Counts are since the start. */
export interface OutboxHealth {
  /** Observations that the broker has not acknowledged yet. */
  readonly depth: number;
  /** Dropped because the outbox was full, or they were too old. */
  readonly dropped: number;
  /** Outbox files that were damaged and moved aside. */
  readonly damaged: number;
  /** Why the outbox cannot be written, and waits in memory; null: it can. */
  readonly fault: string | null;
}

/** Readings of the machine. */
export interface BoardHealth {
  /** Of the hottest sensor; null: there is none. */
  readonly temperatureC: number | null;
  readonly memoryAvailableBytes: number;
  readonly memoryTotalBytes: number;
  /** Whether heat, the power supply or a setting limits a CPU's clock; null: unknown. */
  readonly clockLimited: boolean | null;
  /** null: unknown. */
  readonly underVoltage: boolean | null;
}

/** A server that describes in place of the own engine. */
export interface RemoteEngineHealth {
  /** 'failing': the last frame that was sent to it was not described. */
  readonly state: 'ok' | 'failing';
  /** Why it is failing; else null. */
  readonly reason: string | null;
  /** When it is tried again; null: with the next frame. */
  readonly retryAt: Date | null;
}

/** Resident memory of Scenecast's processes. */
export interface ProcessMemory {
  readonly daemonBytes: number;
  /** null: not running. */
  readonly engineBytes: number | null;
}

/** One engine, or all of them. */
export interface EngineHealth {
  /** 'failing': the last description failed, and none has succeeded since. */
  readonly engine: 'idle' | 'busy' | 'failing';
  /** Frames that wait for it. */
  readonly queueDepth: number;
  /** From capture to the end of the description, over the latest descriptions. */
  readonly timing?: { readonly p50Ms: number; readonly p95Ms: number };
  /** Generation speed of the latest description. */
  readonly tokensPerSecond?: number;
}

/** The state of the daemon at one moment. With two models, the times are those of the thorough one. */
export interface Health extends EngineHealth {
  /** Each of two models. */
  readonly models?: Readonly<Record<ModelRole, EngineHealth>>;
  readonly frames: FrameCounts;
  readonly board?: BoardHealth;
  readonly memory?: ProcessMemory;
  readonly remoteEngine?: RemoteEngineHealth;
  readonly cameras: Readonly<Record<string, CameraHealth>>;
  /** Since the start. */
  readonly lastDescribedAt?: Date;
  /** Added by the publisher. */
  readonly outbox?: OutboxHealth;
}
