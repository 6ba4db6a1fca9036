import { messageOf } from '../domain/errors.ts';
import type { Health } from '../domain/health.ts';
import type { Heartbeat } from '../domain/heartbeat.ts';
import type { Observation } from '../domain/observation.ts';
import { type CameraTask, CameraWatch, type Job } from './camera-watch.ts';
import { FrameEvents } from './frame-events.ts';
import { FrameQueue } from './frame-queue.ts';
import type { Describer, Log, Publisher } from './ports.ts';

export interface PipelineParts {
  readonly tasks: readonly CameraTask[];
  readonly describer: Describer;
  readonly publisher: Publisher;
  readonly log: Log;
  /** A frame that has waited until it is older is not described any more. */
  readonly maxFrameAgeMs: number;
  readonly healthIntervalMs: number;
  /** A description that takes longer hangs for good: the describer has a deadline of its own. Default: none. */
  readonly longestDescriptionMs?: number;
}

/**
 * The policy: look at each camera at its interval, let the gate say which frames are news, keep only the newest of each
 * camera waiting, describe one frame after another, and end every captured frame in exactly one of `described`,
 * `unchanged`, `failed` and `expired`.
 */
export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #events: FrameEvents;
  readonly #queue: FrameQueue<Job>;
  readonly #watches: ReadonlyMap<string, CameraWatch>;
  readonly #stopped = new AbortController();
  #loops: Promise<void>[] = [];
  #healthTimer: NodeJS.Timeout | null = null;
  #engine: Health['engine'] = 'idle';
  /** No frame is missed by an engine that is slow as long as it has not come up. */
  #engineHasBeenReady = false;
  #lastDescribedAt: Date | undefined;
  /** When the description under way must have come to an end. */
  #describedByMs = Number.POSITIVE_INFINITY;

  constructor(parts: PipelineParts) {
    const { tasks, publisher, log } = parts;
    this.#parts = parts;
    const events = new FrameEvents(publisher);
    this.#events = events;
    this.#queue = new FrameQueue({
      isStale: (job) => this.#isStale(job),
      patience: tasks.length,
      onStale: (job) => this.#refresh(job),
    });
    const offer = (job: Job): void => {
      const displaced = this.#queue.offer(job);
      if (!displaced) return;
      events.dropped(displaced.frame);
      if (this.#engineHasBeenReady) job.watch.pace.missed();
    };
    this.#watches = new Map(
      tasks.map((task) => [task.camera.name, new CameraWatch(task, { events, publisher, log, offer })]),
    );
  }

  /** Begins to look and to describe; returns at once. */
  start(): void {
    const { publisher, healthIntervalMs } = this.#parts;
    const signal = this.#stopped.signal;
    this.#loops = [...[...this.#watches.values()].map((watch) => watch.run(signal)), this.#describeAll()];
    publisher.health(this.health);
    this.#healthTimer = setInterval(() => publisher.health(this.health), healthIntervalMs);
  }

  get health(): Health {
    return {
      engine: this.#engine,
      queueDepth: this.#queue.depth,
      frames: this.#events.counts,
      cameras: Object.fromEntries([...this.#watches].map(([name, { health }]) => [name, health])),
      ...(this.#lastDescribedAt && { lastDescribedAt: this.#lastDescribedAt }),
    };
  }

  /** The loops that must all get on while the pipeline runs. A camera that is offline, or a scene where nothing happens, does. */
  get heartbeats(): readonly Heartbeat[] {
    const watches = [...this.#watches.values()];
    return [
      ...watches.map(({ heartbeat }) => heartbeat),
      { loop: 'description', dueMs: this.#describedByMs },
    ];
  }

  /**
   * Looks at a camera at once and describes what it sees, before everything else that waits, and whatever its gate says.
   * Rejects where there is no such camera, the camera gives no picture, or the description fails.
   */
  async request(camera: string): Promise<Observation> {
    const watch = this.#watches.get(camera);
    if (!watch) {
      const names = [...this.#watches.keys()].join(', ');
      throw new RangeError(`no camera is named "${camera}"; there are: ${names}`);
    }
    this.#stopped.signal.throwIfAborted();
    return watch.request();
  }

  /** Ends every loop, waits for the last, and closes the cameras. Frames still waiting expire. */
  async close(): Promise<void> {
    if (this.#healthTimer) clearInterval(this.#healthTimer);
    this.#stopped.abort(new Error('Scenecast is stopping'));
    for (const { frame } of this.#queue.close()) this.#events.expired(frame, 'Scenecast is stopping');
    await Promise.all(this.#loops);
    this.#loops = [];
  }

  async #describeAll(): Promise<void> {
    const { describer } = this.#parts;
    // While the model loads the frames that wait are replaced by newer ones.
    await describer.ready(this.#stopped.signal).catch(() => {});
    this.#engineHasBeenReady = true;
    for (let job = await this.#queue.take(); job; job = await this.#queue.take()) {
      // An engine that is being started anew takes its time, and the frame grows older.
      await describer.ready(this.#stopped.signal).catch(() => {});
      if (this.#isStale(job)) await this.#refresh(job);
      else await this.#describe(job);
    }
  }

  #isStale({ captureStart }: Job): boolean {
    return performance.now() - captureStart > this.#parts.maxFrameAgeMs;
  }

  /** Expires a frame that is too old, and waits a while for a fresh one. */
  async #refresh({ watch, frame }: Job): Promise<void> {
    this.#events.expired(frame, `it waited for the engine for more than ${this.#parts.maxFrameAgeMs} ms`);
    watch.pace.missed();
    await watch.freshLook();
  }

  async #describe(job: Job): Promise<void> {
    const { describer, publisher, log, longestDescriptionMs } = this.#parts;
    const { watch, frame, captureStart, queuedAt } = job;
    const { prompt, promptName, questions } = watch.task;
    const { id, camera, picture } = frame;
    const begun = watch.begin(job);
    if (!begun) return;
    const { trigger, inquiry } = begun;
    const queueMs = performance.now() - queuedAt;
    if (this.#engine === 'idle') this.#engine = 'busy';
    this.#describedByMs = performance.now() + (longestDescriptionMs ?? Number.POSITIVE_INFINITY);
    try {
      const request = { picture, prompt, questions };
      const description = await describer.describe(request, this.#stopped.signal);
      const totalMs = performance.now() - captureStart;
      const observation = { frame, trigger, prompt: promptName, description, queueMs, totalMs };
      this.#engine = 'idle';
      this.#lastDescribedAt = new Date();
      publisher.observation(observation);
      this.#events.described(frame);
      log.info(
        { id, camera, trigger, totalMs: Math.round(totalMs), tokens: description.tokens },
        'described',
      );
      inquiry.described(observation);
    } catch (error) {
      const reason = messageOf(error);
      this.#engine = 'failing';
      log.warn({ id, camera, reason }, 'not described');
      this.#events.failed(frame, reason);
      inquiry.failed(error);
    } finally {
      this.#describedByMs = Number.POSITIVE_INFINITY;
    }
  }
}
