import type { CameraSettings } from '../domain/camera-settings.ts';
import type { DescriptionOptions, DescriptionResult } from '../domain/description-options.ts';
import { messageOf } from '../domain/errors.ts';
import type { Frame } from '../domain/frame.ts';
import type { CameraHealth } from '../domain/health.ts';
import type { Heartbeat } from '../domain/heartbeat.ts';
import type { Question, Trigger } from '../domain/observation.ts';
import type { HoursState } from '../domain/working-hours.ts';
import { BackpressureMonitor } from './backpressure-monitor.ts';
import { CameraLanes, type Lane, questionsOf } from './camera-lanes.ts';
import { CameraPause } from './camera-pause.ts';
import { CameraReport } from './camera-report.ts';
import type { CameraTask } from './camera-task.ts';
import { type CapturedFrame, frameAgain } from './capture-frame.ts';
import type { FrameEvents } from './frame-events.ts';
import { HeldCamera } from './held-camera.ts';
import { InterruptibleSleep } from './interruptible-sleep.ts';
import type { BegunJob, Job } from './job.ts';
import { LookInProgress } from './look-in-progress.ts';
import type { Log, Look, Publisher } from './ports.ts';
import type { RuleStates } from './rule-states.ts';
import type { Candidate } from './trigger-policy.ts';

export interface WatchParts {
  readonly events: FrameEvents;
  readonly publisher: Publisher;
  readonly log: Log;
  readonly ruleStates: RuleStates;
  /** Queues a frame to be described. */
  readonly offer: (job: Job) => void;
}

/** How late a timer may be on a very busy board before its loop counts as stuck. */
const timerSlackMs = 30_000;

/** Looks at one camera at its interval, and decides which frames are described. */
export class CameraWatch {
  readonly rules: CameraReport['rules'];
  readonly #task: CameraTask;
  readonly #parts: WatchParts;
  readonly #lanes: CameraLanes;
  readonly #backpressure: BackpressureMonitor;
  readonly #pause: CameraPause;
  readonly #sleep = new InterruptibleSleep();
  #settings: CameraSettings;
  readonly #report: CameraReport;
  readonly #camera: HeldCamera;
  readonly #looking = new LookInProgress();
  #nextLook = 0;
  #lookAtOnce = false;

  constructor(task: CameraTask, parts: WatchParts) {
    const { settings, hours } = task;
    const { intervalMs, paused } = settings;
    const named = { camera: task.camera.name, log: parts.log };
    this.#task = task;
    this.#settings = settings;
    this.#parts = parts;
    this.#camera = new HeldCamera(task.camera);
    this.#lanes = new CameraLanes(task, () => this.rules.wantsConfirmation);
    this.#report = new CameraReport(task, {
      ...parts,
      models: this.#lanes.speaking,
      pauseReason: () => this.#pause.reason,
      intervalMs: () => Math.max(this.#backpressure.effectiveIntervalMs, task.minIntervalMs ?? 0),
      onPace: () => this.#setPace(),
    });
    this.rules = this.#report.rules;
    this.#pause = new CameraPause({
      ...named,
      isPaused: paused,
      hours,
      onHours: (state) => this.#hoursChanged(state),
    });
    this.#backpressure = new BackpressureMonitor({ ...named, intervalMs });
  }

  get health(): CameraHealth {
    return {
      ...this.#report.state.health,
      intervalMs: this.#backpressure.intervalMs,
      effectiveIntervalMs: this.#backpressure.effectiveIntervalMs,
      gate: this.#lanes.reading,
    };
  }

  get heartbeat(): Heartbeat {
    const dueMs = Math.min(this.#looking.dueMs, this.#sleep.untilMs + timerSlackMs);
    return { loop: `camera ${this.#task.camera.name}`, dueMs };
  }

  get settings(): CameraSettings {
    return this.#settings;
  }

  get hours(): HoursState | null {
    return this.#pause.hours;
  }

  /** The standing questions. */
  get questions(): readonly Question[] {
    return this.#task.questions;
  }

  /** Applies new settings at once: a new interval counts from the last look, and a camera that is resumed is looked at. */
  set(settings: CameraSettings): void {
    const isResumed = this.#settings.paused && !settings.paused;
    this.#settings = settings;
    this.#pause.isPaused = settings.paused;
    this.#setPace();
    if (isResumed) this.#nextLook = performance.now();
    this.#report.update();
  }

  /** The interval that settings and watches want. */
  #setPace(): void {
    const beforeMs = this.#backpressure.intervalMs;
    const intervalMs = Math.min(this.#settings.intervalMs, this.rules.everyMs);
    this.#lanes.intervalMs = intervalMs;
    this.#backpressure.intervalMs = intervalMs;
    // A camera that failed keeps its back-off.
    if (!this.#report.state.isOffline) this.#nextLook += intervalMs - beforeMs;
    this.#sleep.interrupt();
  }

  /** Looks until the signal aborts; then closes the camera. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#sleep.interrupt(), { once: true });
    this.#nextLook = performance.now();
    this.#pause.start(signal);
    this.#report.start(signal);
    // A camera that is not looked at is left to other programs.
    const mustRelease = (): boolean => this.#camera.isHeld && this.#pause.reason !== null;
    for (;;) {
      await this.#sleep.until(
        () => this.#lookFrom,
        () => this.#lookAtOnce || signal.aborted || mustRelease(),
      );
      if (signal.aborted) break;
      this.#looking.begins(this.#task.maxLookMs);
      const work = this.#lookAtOnce || !mustRelease() ? this.#look(signal) : this.#camera.release();
      await work.catch((error: unknown) => {
        if (!signal.aborted) this.#goOffline(error);
      });
      this.#looking.ended();
    }
    this.#lanes.refuse(new Error('Scenecast is stopping'));
    this.#looking.ended();
    await this.#camera.close();
  }

  /** Looks at once, whatever the gate says, and returns what is described. Rejects if the frame is not described. */
  request(options: DescriptionOptions, signal: AbortSignal): Promise<DescriptionResult> {
    const described = this.#lanes.request(options, signal);
    this.#lookNow();
    return described;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const lookStart = performance.now();
    // New settings may move the next look while this one runs.
    const plannedFor = this.#nextLook;
    this.#lookAtOnce = false;
    const captured = await this.#camera.capture(signal, {
      isRequested: this.#lanes.isRequestedAt(lookStart),
    });
    await this.#judge(captured, signal);
    // A requested look in between does not shift the schedule; a look that was late starts a new one.
    const { intervalMs } = this.#backpressure;
    const beat = lookStart - plannedFor < intervalMs ? plannedFor : lookStart;
    if (lookStart >= plannedFor) this.#nextLook = Math.max(beat + intervalMs, performance.now());
  }

  #goOffline(error: unknown): void {
    this.#nextLook = performance.now() + this.#report.state.offline(error);
    this.#lookAtOnce = false;
    this.#lanes.refuse(error);
  }

  /** Ends the frame as unchanged, or hands it on to be described. Rejects if too many pictures cannot be decoded. */
  async #judge({ frame, captureStart }: CapturedFrame, signal: AbortSignal): Promise<void> {
    const { events, offer, log } = this.#parts;
    events.captured(frame);
    if (this.#endPaused(frame, this.#lanes.isRequestedAt(captureStart))) return;
    let look: Look | null = null;
    try {
      look = (await this.#task.gate?.look(frame.picture)) ?? null;
    } catch (error) {
      const reason = `the gate cannot read the picture: ${messageOf(error)}`;
      log.warn({ id: frame.id, camera: frame.camera, reason }, 'not described');
      events.failed(frame, reason);
      this.#lanes.refuse(error);
      const fault = this.#report.state.unreadable('gate', error);
      if (fault) throw fault;
      return;
    }
    this.#report.state.readable('gate');
    this.#report.state.online(look?.problem ?? null);
    if (signal.aborted) return events.expired(frame, 'Scenecast is stopping');
    const { due, isUnchanged } = this.#lanes.judge({ look, captureStart });
    if (due.every(({ lane }) => lane !== this.#lanes.pace)) this.#backpressure.unchanged();
    if (isUnchanged) this.#report.unchanged(this.#lanes.gated, captureStart);
    if (due.length === 0) events.unchanged(frame, this.#lanes.reading);
    for (const [index, { lane, trigger }] of due.entries()) {
      const own = index === 0 ? frame : frameAgain(frame);
      if (index > 0) events.captured(own);
      offer(this.#jobOf(own, lane, trigger, { look, captureStart }));
    }
  }

  #jobOf(frame: Frame, lane: Lane, trigger: Trigger, { look, captureStart }: Candidate): Job {
    const isPace = lane === this.#lanes.pace;
    const job: Job = {
      camera: frame.camera,
      frame,
      model: lane.model,
      look: lane.describes ? look : null,
      trigger,
      captureStart,
      queuedAt: performance.now(),
      begin: () => this.#begin(job, lane),
      missed: () => isPace && this.#backpressure.missed(),
      refresh: () => this.freshLook(),
    };
    // An interval frame gives way to one that shows a change, so none must be overlooked.
    if (isPace) this.#backpressure.waiting(captureStart, trigger !== 'interval' || !job.look);
    return job;
  }

  #begin(job: Job, lane: Lane): BegunJob | null {
    const trigger = this.#lanes.triggerOf(lane, job);
    if (lane === this.#lanes.pace) {
      this.#backpressure.taken();
      this.#sleep.interrupt();
    }
    if (this.#endPaused(job.frame, lane.policy.isRequestedAt(job.captureStart))) return null;
    if (!trigger) {
      this.#parts.events.unchanged(job.frame, this.#lanes.reading);
      if (lane.describes) this.#report.unchanged(this.#lanes.gated, job.captureStart);
      return null;
    }
    const pending = lane.policy.begin(job);
    if (lane.policy.isRequestedAt(job.captureStart)) this.#lookNow();
    const { prompt = this.#settings.prompt } = pending.options;
    return {
      ...pending,
      trigger,
      prompt: lane.describes ? prompt : null,
      questions: questionsOf(lane, pending.options),
      described: (result) => {
        pending.described(result);
        this.#report.described(lane.model, job.captureStart, result.observation);
      },
      interrupted: (reason) => {
        pending.failed(new Error(reason));
        this.#sleep.interrupt();
      },
      failed: (error) => {
        pending.failed(error);
        const fault = this.#report.failed(lane.model, error);
        if (fault) this.#goOffline(fault);
        // Nothing was described after all, so the next look may be due already.
        this.#sleep.interrupt();
      },
    };
  }

  /** Looks at once, unless a look is in progress; resolves when it has ended, or takes too long. */
  async freshLook(): Promise<void> {
    if (this.#pause.reason && !this.#lanes.isRequestedAt(performance.now())) return;
    const looked = this.#looking.end();
    if (this.#sleep.isSleeping) this.#lookNow();
    await looked;
  }

  /** If the camera was paused meanwhile, ends the frame unless a request waits for it. */
  #endPaused(frame: Frame, isRequested: boolean): boolean {
    const { reason } = this.#pause;
    if (reason === null || isRequested) return false;
    this.#parts.events.expired(frame, reason);
    return true;
  }

  #hoursChanged(hours: HoursState): void {
    this.#parts.publisher.cameraSettings(this.#task.camera.name, this.#settings, hours);
    if (hours.open) this.#nextLook = performance.now();
    this.#report.update();
    this.#sleep.interrupt();
  }

  get #lookFrom(): number {
    if (this.#pause.reason) return Number.POSITIVE_INFINITY;
    return Math.max(this.#nextLook, this.#lanes.nextLookFrom, this.#backpressure.renewFrom);
  }

  #lookNow(): void {
    this.#lookAtOnce = true;
    this.#sleep.interrupt();
  }
}
