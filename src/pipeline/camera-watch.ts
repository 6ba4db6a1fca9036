import { ulid } from 'ulid';
import { messageOf } from '../domain/errors.ts';
import type { Frame } from '../domain/frame.ts';
import type { CameraHealth } from '../domain/health.ts';
import type { Heartbeat } from '../domain/heartbeat.ts';
import type { Observation, Question, Trigger } from '../domain/observation.ts';
import { backOffMs } from './back-off.ts';
import { type Candidate, Demand, type Inquiry } from './demand.ts';
import type { FrameEvents } from './frame-events.ts';
import { Pace } from './pace.ts';
import type { Camera, Gate, Log, Look, Publisher } from './ports.ts';

/** One camera and what is asked of it. */
export interface CameraTask {
  readonly camera: Camera;
  /** null: every look is described. */
  readonly gate: Gate | null;
  /** How often the camera is looked at. */
  readonly intervalMs: number;
  /** The least time between two descriptions that nobody requested; null: as often as it is looked at. */
  readonly minIntervalMs: number | null;
  /** An unchanged picture is described once in this time; null: never. Without a gate it has no effect. */
  readonly maxIntervalMs: number | null;
  readonly promptName: string;
  readonly prompt: string;
  readonly questions: readonly Question[];
  /** A look that takes longer hangs for good: a camera that fails says so sooner. Default: two minutes. */
  readonly longestLookMs?: number;
}

/** A frame that is to be described. */
export interface Job extends Candidate {
  readonly camera: string;
  readonly watch: CameraWatch;
  readonly frame: Frame;
  readonly trigger: Trigger;
  /** When it began to wait for the engine, by the monotonic clock. */
  readonly queuedAt: number;
}

export interface WatchParts {
  readonly events: FrameEvents;
  readonly publisher: Publisher;
  readonly log: Log;
  /** Takes a frame that is to be described. */
  readonly offer: (job: Job) => void;
}

/** How long the engine waits for a camera's fresh frame, at most, where the one that waited was too old. */
const longestFreshLookMs = 5000;
const defaultLongestLookMs = 120_000;
/** How late a timer may be on a board that is very busy before its loop counts as stuck. */
const timerSlackMs = 30_000;

/** Looks at one camera at its interval, again and again, and decides which frames are to be described. */
export class CameraWatch {
  readonly task: CameraTask;
  readonly pace: Pace;
  readonly #parts: WatchParts;
  readonly #demand: Demand;
  #state: CameraHealth['state'] = 'starting';
  /** Why it is offline. */
  #reason: string | undefined;
  /** When the loop must have got on. */
  #dueMs = Number.POSITIVE_INFINITY;
  /** Ends the pause between two looks. */
  #wake: (() => void) | null = null;
  #lookAtOnce = false;
  /** Whoever waits for the end of a look. */
  #onLooked: (() => void)[] = [];

  constructor(task: CameraTask, parts: WatchParts) {
    const { intervalMs, camera } = task;
    this.task = task;
    this.#parts = parts;
    this.#demand = new Demand(task);
    this.pace = new Pace({
      intervalMs,
      now: () => performance.now(),
      onStretch: (stretched, ms) => {
        const fields = { camera: camera.name, intervalMs, effectiveIntervalMs: Math.round(ms) };
        if (stretched) parts.log.warn(fields, 'the engine is slower than asked: the interval stretches');
        else parts.log.info(fields, 'the engine keeps up again: the interval is kept');
      },
    });
  }

  get health(): CameraHealth {
    return {
      state: this.#state,
      intervalMs: this.task.intervalMs,
      effectiveIntervalMs: this.pace.effectiveIntervalMs,
      gate: this.#demand.reading,
      ...(this.#reason !== undefined && { reason: this.#reason }),
    };
  }

  get heartbeat(): Heartbeat {
    return { loop: `camera ${this.task.camera.name}`, dueMs: this.#dueMs };
  }

  /** Looks until the signal aborts; then closes the camera. */
  async run(signal: AbortSignal): Promise<void> {
    const { camera, intervalMs, longestLookMs = defaultLongestLookMs } = this.task;
    const { publisher, log } = this.#parts;
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    let started = false;
    let failures = 0;
    let nextLook = performance.now();
    while (!signal.aborted) {
      const lookStart = performance.now();
      const isDue = lookStart >= nextLook;
      this.#dueMs = lookStart + longestLookMs;
      try {
        if (!started) await camera.start(signal);
        started = true;
        const job = await this.#capture(signal);
        failures = 0;
        if (this.#state !== 'online') publisher.cameraStatus(camera.name, { state: 'online', reason: null });
        this.#state = 'online';
        this.#reason = undefined;
        await this.#judge(job, signal);
        // A look that somebody asked for in between leaves the rhythm as it is.
        // One that was held back begins the rhythm anew.
        const beat = lookStart - nextLook < intervalMs ? nextLook : lookStart;
        if (isDue) nextLook = Math.max(beat + intervalMs, performance.now());
      } catch (error) {
        if (signal.aborted) break;
        failures++;
        const waitMs = backOffMs(failures);
        const reason = messageOf(error);
        log.warn({ camera: camera.name, reason, backOffMs: waitMs }, 'camera gives no picture');
        publisher.cameraStatus(camera.name, { state: 'offline', reason });
        this.#state = 'offline';
        this.#reason = reason;
        this.#lookAtOnce = false;
        this.#demand.refuse(error);
        nextLook = performance.now() + waitMs;
      }
      for (const looked of this.#onLooked.splice(0)) looked();
      this.#dueMs = Number.POSITIVE_INFINITY;
      await this.#pause(() => Math.max(nextLook, this.#demand.nextLookFrom), signal);
    }
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#demand.refuse(new Error('Scenecast is stopping'));
    for (const looked of this.#onLooked.splice(0)) looked();
    await camera.close();
  }

  /** Looks at once, whatever the gate says, and gives what is described. Rejects where the frame is not described. */
  request(): Promise<Observation> {
    const described = this.#demand.request();
    this.#lookAtOnce = true;
    this.#wake?.();
    return described;
  }

  /** Looks at once, unless a look is under way already; resolves when it has ended, or takes too long. */
  async freshLook(): Promise<void> {
    const { promise: looked, resolve } = Promise.withResolvers<void>();
    this.#onLooked.push(resolve);
    const tooLong = setTimeout(resolve, longestFreshLookMs);
    if (this.#wake) {
      this.#lookAtOnce = true;
      this.#wake();
    }
    await looked;
    clearTimeout(tooLong);
  }

  /**
   * The engine is free for a frame that waited: why it is described, seen from now. null where another frame of this
   * camera has been described meanwhile and this one shows nothing else: it has then ended as unchanged.
   */
  begin(job: Job): { trigger: Trigger; inquiry: Inquiry } | null {
    const trigger = this.#demand.triggerOf(job);
    this.pace.taken();
    if (!trigger) {
      this.#endUnchanged(job.frame);
      return null;
    }
    const inquiry = this.#demand.begin(job);
    const failed = (error: unknown): void => {
      inquiry.failed(error);
      // Nothing was described after all, so the next look may be due already.
      this.#wake?.();
    };
    return { trigger, inquiry: { ...inquiry, failed } };
  }

  async #capture(signal: AbortSignal): Promise<{ frame: Frame; captureStart: number }> {
    this.#lookAtOnce = false;
    const captureStart = performance.now();
    const askedAt = new Date();
    const picture = await this.task.camera.capture(signal);
    const capturedAt = picture.takenAt ?? askedAt;
    signal.throwIfAborted();
    const frame: Frame = {
      id: ulid(capturedAt.getTime()),
      camera: this.task.camera.name,
      capturedAt,
      captureMs: performance.now() - captureStart,
      picture,
    };
    return { frame, captureStart };
  }

  /** Ends the frame as unchanged, or hands it on to be described. */
  async #judge(
    { frame, captureStart }: { frame: Frame; captureStart: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { events, offer, log } = this.#parts;
    events.captured(frame);
    let look: Look | null = null;
    try {
      look = (await this.task.gate?.look(frame.picture)) ?? null;
    } catch (error) {
      const reason = `the gate cannot read the picture: ${messageOf(error)}`;
      log.warn({ id: frame.id, camera: frame.camera, reason }, 'not described');
      events.failed(frame, reason);
      this.#demand.refuse(error);
      return;
    }
    if (signal.aborted) {
      events.expired(frame, 'Scenecast is stopping');
      return;
    }
    const trigger = this.#demand.triggerOf({ look, captureStart });
    if (!trigger) {
      this.pace.unchanged();
      this.#endUnchanged(frame);
      return;
    }
    this.pace.waiting();
    offer({
      camera: frame.camera,
      watch: this,
      frame,
      look,
      trigger,
      captureStart,
      queuedAt: performance.now(),
    });
  }

  #endUnchanged(frame: Frame): void {
    const { measure, threshold } = this.#demand.reading ?? { measure: null, threshold: 0 };
    this.#parts.events.unchanged(
      frame,
      `the largest changed region is ${(measure ?? 0).toFixed(2)} % of the picture; a change is more than ${threshold.toFixed(2)} %`,
    );
  }

  /** Until a moment that may move while it waits, or until somebody wants a look, or the end. */
  async #pause(until: () => number, signal: AbortSignal): Promise<void> {
    for (;;) {
      const leftMs = until() - performance.now();
      if (leftMs <= 0 || this.#lookAtOnce || signal.aborted) return;
      this.#dueMs = until() + timerSlackMs;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
      this.#dueMs = Number.POSITIVE_INFINITY;
    }
  }
}
