import type { CameraSettings } from '../domain/camera-settings.ts';
import { messageOf } from '../domain/errors.ts';
import type { Frame } from '../domain/frame.ts';
import type { CameraHealth } from '../domain/health.ts';
import type { Heartbeat } from '../domain/heartbeat.ts';
import type { Trigger } from '../domain/observation.ts';
import type { Fulfilment, Wish } from '../domain/wish.ts';
import { backOffMs } from './back-off.ts';
import type { CameraTask } from './camera-task.ts';
import { type CapturedFrame, captureFrame } from './capture-frame.ts';
import { type Candidate, Demand, type Inquiry } from './demand.ts';
import type { FrameEvents } from './frame-events.ts';
import { Pace } from './pace.ts';
import type { Log, Look, Publisher } from './ports.ts';
import { Rest } from './rest.ts';

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
  readonly #rest = new Rest();
  #settings: CameraSettings;
  #state: CameraHealth['state'] = 'starting';
  /** Why it is offline. */
  #reason: string | undefined;
  /** When a look under way must have come to an end. */
  #lookDueMs = Number.POSITIVE_INFINITY;
  #nextLook = 0;
  #lookAtOnce = false;
  /** Whoever waits for the end of a look. */
  #onLooked: (() => void)[] = [];

  constructor(task: CameraTask, parts: WatchParts) {
    const { camera, settings } = task;
    const { intervalMs } = settings;
    this.task = task;
    this.#settings = settings;
    this.#parts = parts;
    this.#demand = new Demand({ ...task, intervalMs });
    this.pace = new Pace({
      intervalMs,
      now: () => performance.now(),
      onStretch: (stretched, ms) => {
        const fields = {
          camera: camera.name,
          intervalMs: this.#settings.intervalMs,
          effectiveIntervalMs: Math.round(ms),
        };
        if (stretched) parts.log.warn(fields, 'the engine is slower than asked: the interval stretches');
        else parts.log.info(fields, 'the engine keeps up again: the interval is kept');
      },
    });
  }

  get health(): CameraHealth {
    return {
      state: this.#state,
      intervalMs: this.#settings.intervalMs,
      effectiveIntervalMs: this.pace.effectiveIntervalMs,
      gate: this.#demand.reading,
      ...(this.#reason !== undefined && { reason: this.#reason }),
    };
  }

  get heartbeat(): Heartbeat {
    const dueMs = Math.min(this.#lookDueMs, this.#rest.untilMs + timerSlackMs);
    return { loop: `camera ${this.task.camera.name}`, dueMs };
  }

  get settings(): CameraSettings {
    return this.#settings;
  }

  /** Changes the settings at once: a new interval counts from the last look, and who is not paused any more is looked at. */
  set(settings: CameraSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    const { intervalMs, paused } = settings;
    this.#demand.intervalMs = intervalMs;
    this.pace.intervalMs = intervalMs;
    // A camera that failed keeps its back-off.
    if (this.#state !== 'offline') this.#nextLook += intervalMs - before.intervalMs;
    if (before.paused && !paused) this.#nextLook = performance.now();
    this.#rest.interrupt();
  }

  /** Looks until the signal aborts; then closes the camera. */
  async run(signal: AbortSignal): Promise<void> {
    const { camera, longestLookMs = defaultLongestLookMs } = this.task;
    const { publisher, log } = this.#parts;
    signal.addEventListener('abort', () => this.#rest.interrupt(), { once: true });
    let started = false;
    let failures = 0;
    this.#nextLook = performance.now();
    for (;;) {
      await this.#rest.until(
        () => this.#lookFrom,
        () => this.#lookAtOnce || signal.aborted,
      );
      if (signal.aborted) break;
      const lookStart = performance.now();
      // As it was planned: new settings may move the next one while this one is under way.
      const plannedFor = this.#nextLook;
      this.#lookDueMs = lookStart + longestLookMs;
      try {
        if (!started) await camera.start(signal);
        started = true;
        this.#lookAtOnce = false;
        const captured = await captureFrame(camera, signal);
        failures = 0;
        if (this.#state !== 'online') publisher.cameraStatus(camera.name, { state: 'online', reason: null });
        this.#state = 'online';
        this.#reason = undefined;
        await this.#judge(captured, signal);
        // A look that somebody asked for in between leaves the rhythm as it is.
        // One that was held back begins the rhythm anew.
        const { intervalMs } = this.#settings;
        const beat = lookStart - plannedFor < intervalMs ? plannedFor : lookStart;
        if (lookStart >= plannedFor) this.#nextLook = Math.max(beat + intervalMs, performance.now());
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
        this.#nextLook = performance.now() + waitMs;
      }
      this.#lookDueMs = Number.POSITIVE_INFINITY;
      for (const looked of this.#onLooked.splice(0)) looked();
    }
    this.#lookDueMs = Number.POSITIVE_INFINITY;
    this.#demand.refuse(new Error('Scenecast is stopping'));
    for (const looked of this.#onLooked.splice(0)) looked();
    await camera.close();
  }

  /** Looks at once, whatever the gate says, and gives what is described. Rejects where the frame is not described. */
  request(wish: Wish, signal: AbortSignal): Promise<Fulfilment> {
    const described = this.#demand.request(wish, signal);
    this.#lookNow();
    return described;
  }

  /** Looks at once, unless a look is under way already; resolves when it has ended, or takes too long. */
  async freshLook(): Promise<void> {
    if (this.#settings.paused && !this.#demand.isRequestedAt(performance.now())) return;
    const { promise: looked, resolve } = Promise.withResolvers<void>();
    this.#onLooked.push(resolve);
    const tooLong = setTimeout(resolve, longestFreshLookMs);
    if (this.#rest.isOn) this.#lookNow();
    await looked;
    clearTimeout(tooLong);
  }

  /**
   * The engine is free for a frame that waited: why it is described, seen from now. null where another frame of this
   * camera has been described meanwhile and this one shows nothing else, or the camera was paused: it has then ended.
   */
  begin(job: Job): { trigger: Trigger; inquiry: Inquiry } | null {
    const trigger = this.#demand.triggerOf(job);
    this.pace.taken();
    if (this.#endPaused(job)) return null;
    if (!trigger) {
      this.#endUnchanged(job.frame);
      return null;
    }
    const inquiry = this.#demand.begin(job);
    if (this.#demand.isRequestedAt(job.captureStart)) this.#lookNow();
    const failed = (error: unknown): void => {
      inquiry.failed(error);
      // Nothing was described after all, so the next look may be due already.
      this.#rest.interrupt();
    };
    return { trigger, inquiry: { ...inquiry, failed } };
  }

  /** Ends the frame as unchanged, or hands it on to be described. */
  async #judge({ frame, captureStart }: CapturedFrame, signal: AbortSignal): Promise<void> {
    const { events, offer, log } = this.#parts;
    events.captured(frame);
    if (this.#endPaused({ frame, captureStart })) return;
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

  /** A frame that was under way when its camera was paused is described only for who requests it. */
  #endPaused({ frame, captureStart }: Pick<Job, 'frame' | 'captureStart'>): boolean {
    if (!this.#settings.paused || this.#demand.isRequestedAt(captureStart)) return false;
    this.#parts.events.expired(frame, 'the camera is paused');
    return true;
  }

  get #lookFrom(): number {
    if (this.#settings.paused) return Number.POSITIVE_INFINITY;
    return Math.max(this.#nextLook, this.#demand.nextLookFrom);
  }

  #lookNow(): void {
    this.#lookAtOnce = true;
    this.#rest.interrupt();
  }
}
