/** What a gate saw in its newest picture. */
export interface GateReading {
  /** The largest region that differs from the last described picture, in percent; null: none was described yet. */
  readonly measure: number | null;
  /** The measure beyond which a picture is a change. */
  readonly threshold: number;
  /** How much a block of the picture differs from one look to the next while nothing happens, in grey levels. */
  readonly noiseFloor: number;
}

/** How many frames came to each end since the start; `captured` counts them all. */
export interface FrameCounts {
  readonly captured: number;
  readonly described: number;
  readonly unchanged: number;
  readonly failed: number;
  /** A newer frame of the same camera took the place. */
  readonly dropped: number;
  /** Too old when the engine was free, or left when Scenecast stopped. */
  readonly expired: number;
}

export interface CameraHealth {
  readonly state: 'starting' | 'online' | 'offline';
  /** How often it is to be looked at. */
  readonly intervalMs: number;
  /** How often its frames get described while the engine is slower than asked; else the same as `intervalMs`. */
  readonly effectiveIntervalMs: number;
  /** null: no gate, or no look yet. */
  readonly gate: GateReading | null;
  /** Why it is offline. */
  readonly reason?: string;
}

/** What has been described and waits for the broker. Counts are since the start. */
export interface OutboxHealth {
  /** Observations that the broker has not acknowledged yet. */
  readonly depth: number;
  /** Given up: the outbox was full, or they were too old. */
  readonly dropped: number;
  /** Outbox files that were damaged and put aside. */
  readonly damaged: number;
  /** Why the disk does not take the outbox, which then waits in memory; null: it does. */
  readonly fault: string | null;
}

/** How the machine does. */
export interface BoardHealth {
  /** Of the hottest sensor; null: there is none. */
  readonly temperatureC: number | null;
  readonly memoryAvailableBytes: number;
  readonly memoryTotalBytes: number;
  /** null: the board does not tell. */
  readonly underVoltage: boolean | null;
}

/** How the daemon does, at one moment. */
export interface Health {
  /** 'failing': the last description failed, and none has succeeded since. */
  readonly engine: 'idle' | 'busy' | 'failing';
  /** Frames that wait for the engine. */
  readonly queueDepth: number;
  readonly frames: FrameCounts;
  /** From a capture to the end of its description, of the latest descriptions. */
  readonly timing?: { readonly p50Ms: number; readonly p95Ms: number };
  /** While generating, of the latest description. */
  readonly tokensPerSecond?: number;
  readonly board?: BoardHealth;
  readonly cameras: Readonly<Record<string, CameraHealth>>;
  /** Since the start. */
  readonly lastDescribedAt?: Date;
  /** Added by whoever publishes. */
  readonly outbox?: OutboxHealth;
}
