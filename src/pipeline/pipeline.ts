import { setTimeout as sleep } from 'node:timers/promises';
import { ulid } from 'ulid';
import { messageOf } from '../domain/errors.ts';
import type { Frame } from '../domain/frame.ts';
import type { Question } from '../domain/observation.ts';
import { FrameQueue } from './frame-queue.ts';
import type { Camera, Describer, Log, Publisher } from './ports.ts';

/** One camera and what is asked of it. */
export interface CameraTask {
  readonly camera: Camera;
  readonly intervalMs: number;
  readonly promptName: string;
  readonly prompt: string;
  readonly questions: readonly Question[];
}

export interface PipelineParts {
  readonly tasks: readonly CameraTask[];
  readonly describer: Describer;
  readonly publisher: Publisher;
  readonly log: Log;
}

interface Job {
  readonly camera: string;
  readonly task: CameraTask;
  readonly frame: Frame;
  readonly captureStart: number;
  readonly queuedAt: number;
}

/** A camera that fails is tried again after 1 s, then twice as long each time, up to this. */
const longestBackOffMs = 60_000;

/**
 * The policy: look at each camera at its interval, keep only its newest frame waiting, describe one frame
 * after another, and end every captured frame in exactly one of `described`, `failed` and `expired`.
 */
export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #queue = new FrameQueue<Job>();
  readonly #stopped = new AbortController();
  #loops: Promise<void>[] = [];

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /** Begins to look and to describe; returns at once. */
  start(): void {
    this.#loops = [...this.#parts.tasks.map((task) => this.#watch(task)), this.#describeAll()];
  }

  /** Ends every loop, waits for the last, and closes the cameras. Frames still waiting expire. */
  async close(): Promise<void> {
    this.#stopped.abort();
    for (const job of this.#queue.close()) this.#expire(job, 'Scenecast is stopping');
    await Promise.all(this.#loops);
    this.#loops = [];
  }

  async #watch(task: CameraTask): Promise<void> {
    const { camera, intervalMs } = task;
    const { publisher, log } = this.#parts;
    const signal = this.#stopped.signal;
    let started = false;
    let failures: number | null = null; // null: has neither delivered nor failed yet
    let nextLook = performance.now();
    while (!signal.aborted) {
      try {
        if (!started) await camera.start(signal);
        started = true;
        const job = await this.#capture(task);
        signal.throwIfAborted();
        if (failures !== 0) publisher.cameraStatus(camera.name, { state: 'online', reason: null });
        failures = 0;
        this.#enqueue(job);
        nextLook = Math.max(nextLook + intervalMs, performance.now());
      } catch (error) {
        if (signal.aborted) break;
        const backOffMs = Math.min(1000 * 2 ** (failures ?? 0), longestBackOffMs);
        failures = (failures ?? 0) + 1;
        const reason = messageOf(error);
        log.warn({ camera: camera.name, reason, backOffMs }, 'camera gives no picture');
        publisher.cameraStatus(camera.name, { state: 'offline', reason });
        nextLook = performance.now() + backOffMs;
      }
      await sleep(Math.max(0, nextLook - performance.now()), undefined, { signal }).catch(() => {});
    }
    await camera.close();
  }

  async #capture(task: CameraTask): Promise<Job> {
    const captureStart = performance.now();
    const capturedAt = new Date();
    const picture = await task.camera.capture(this.#stopped.signal);
    const queuedAt = performance.now();
    const camera = task.camera.name;
    const frame: Frame = {
      id: ulid(capturedAt.getTime()),
      camera,
      capturedAt,
      captureMs: queuedAt - captureStart,
      picture,
    };
    return { camera, task, frame, captureStart, queuedAt };
  }

  #enqueue(job: Job): void {
    this.#parts.publisher.event({ type: 'captured', id: job.frame.id, camera: job.camera });
    const displaced = this.#queue.offer(job);
    if (displaced) this.#expire(displaced, 'a newer frame took its place');
  }

  async #describeAll(): Promise<void> {
    for (let job = await this.#queue.take(); job; job = await this.#queue.take()) await this.#describe(job);
  }

  async #describe({ task, frame, captureStart, queuedAt }: Job): Promise<void> {
    const { describer, publisher, log } = this.#parts;
    const { prompt, promptName, questions } = task;
    const { id, camera, picture } = frame;
    const queueMs = performance.now() - queuedAt;
    try {
      const request = { picture, prompt, questions };
      const description = await describer.describe(request, this.#stopped.signal);
      const totalMs = performance.now() - captureStart;
      publisher.observation({
        frame,
        trigger: 'interval',
        prompt: promptName,
        description,
        queueMs,
        totalMs,
      });
      publisher.event({ type: 'described', id, camera });
      log.info({ id, camera, totalMs: Math.round(totalMs), tokens: description.tokens }, 'described');
    } catch (error) {
      const reason = messageOf(error);
      log.warn({ id, camera, reason }, 'not described');
      publisher.event({ type: 'failed', id, camera, reason });
    }
  }

  #expire({ frame: { id, camera } }: Job, reason: string): void {
    this.#parts.publisher.event({ type: 'expired', id, camera, reason });
  }
}
