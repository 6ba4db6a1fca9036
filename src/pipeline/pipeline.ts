import type { CameraSettings } from '../domain/camera-settings.ts';
import { CommandError, ExpiredError, messageOf } from '../domain/errors.ts';
import type { Health } from '../domain/health.ts';
import type { Heartbeat } from '../domain/heartbeat.ts';
import type { Description, Observation } from '../domain/observation.ts';
import type { Fulfilment, Wish } from '../domain/wish.ts';
import type { CameraTask } from './camera-task.ts';
import { CameraWatch, type Job } from './camera-watch.ts';
import { FrameEvents } from './frame-events.ts';
import { FrameQueue } from './frame-queue.ts';
import type { DescribeRequest, Describer, Log, Publisher } from './ports.ts';
import { RecentTimings } from './recent-timings.ts';

export interface PipelineParts {
  readonly tasks: readonly CameraTask[];
  /** The words of each prompt, by name. */
  readonly prompts: Readonly<Record<string, string>>;
  readonly describer: Describer;
  readonly publisher: Publisher;
  readonly log: Log;
  /** A frame that has waited until it is older is not described any more. */
  readonly maxFrameAgeMs: number;
  readonly healthIntervalMs: number;
  /** Reads what else health is to tell, such as the board's temperature. Without it, health tells the pipeline's part. */
  readonly readings?: () => Promise<Partial<Health>>;
  /** A description that takes longer hangs for good: the describer has a deadline of its own. Default: none. */
  readonly longestDescriptionMs?: number;
}

/**
 * The policy: look at each camera at its interval, let the gate say which frames are news, keep only the newest of each
 * camera waiting, describe as many frames at once as the engine serves, of each camera one after another, and end every
 * captured frame in exactly one of `described`, `unchanged`, `failed` and `expired`.
 */
export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #events: FrameEvents;
  readonly #queue: FrameQueue<Job>;
  readonly #watches: ReadonlyMap<string, CameraWatch>;
  readonly #stopped = new AbortController();
  /** What is being described, by camera. */
  readonly #underWay = new Map<string, Promise<void>>();
  #loops: Promise<void>[] = [];
  #healthTimer: NodeJS.Timeout | null = null;
  #engine: Health['engine'] = 'idle';
  readonly #timings = new RecentTimings();
  #tellingHealth = false;
  /** No frame is missed by an engine that is slow as long as it has not come up. */
  #engineHasBeenReady = false;
  #lastDescribedAt: Date | undefined;
  /** By camera: when the description under way must have come to an end. */
  readonly #dueMs = new Map<string, number>();

  constructor(parts: PipelineParts) {
    const { tasks, publisher, log } = parts;
    this.#parts = parts;
    const events = new FrameEvents(publisher);
    this.#events = events;
    this.#queue = new FrameQueue({
      isStale: (job) => this.#isStale(job),
      patience: tasks.length,
      onStale: (job) => this.#refresh(job),
      // Of one camera, what is newer must not be overtaken by what is older.
      isHeld: (camera) => this.#underWay.has(camera),
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
    for (const [name, { settings }] of this.#watches) publisher.cameraSettings(name, settings);
    void this.#tellHealth();
    this.#healthTimer = setInterval(() => void this.#tellHealth(), healthIntervalMs);
  }

  get health(): Health {
    return {
      engine: this.#engine,
      queueDepth: this.#queue.depth,
      frames: this.#events.counts,
      ...this.#timings.health,
      cameras: Object.fromEntries([...this.#watches].map(([name, { health }]) => [name, health])),
      ...(this.#lastDescribedAt && { lastDescribedAt: this.#lastDescribedAt }),
    };
  }

  /** The loops that must all get on while the pipeline runs. A camera that is offline, or a scene where nothing happens, does. */
  get heartbeats(): readonly Heartbeat[] {
    const watches = [...this.#watches.values()];
    return [
      ...watches.map(({ heartbeat }) => heartbeat),
      { loop: 'description', dueMs: Math.min(...this.#dueMs.values()) },
    ];
  }

  /**
   * Looks at a camera (null: the only one) at once and describes what it sees, as it is wished, before everything else that
   * waits, and whatever its gate says. Rejects with the signal's reason; where the camera gives no picture or the description
   * fails, with that error.
   * @throws CommandError where there is no such camera, prompt or question
   */
  async request(camera: string | null, wish: Wish = {}, signal = this.#stopped.signal): Promise<Fulfilment> {
    const watch = this.#watchOf(camera ?? this.#onlyCamera());
    if (wish.prompt !== undefined) named('prompt', wish.prompt, Object.keys(this.#parts.prompts));
    const questions = watch.task.questions.map(({ name }) => name);
    for (const question of wish.questions ?? []) named('question', question, questions);
    this.#stopped.signal.throwIfAborted();
    return watch.request(wish, signal);
  }

  /** Changes what a camera is set to, at once, and publishes it. @throws CommandError where there is no such camera */
  set(camera: string, settings: CameraSettings): void {
    this.#watchOf(camera).set(settings);
    this.#parts.publisher.cameraSettings(camera, settings);
  }

  /** Ends every loop, waits for the last, and closes the cameras. Frames still waiting expire. */
  async close(): Promise<void> {
    if (this.#healthTimer) clearInterval(this.#healthTimer);
    this.#stopped.abort(new Error('Scenecast is stopping'));
    for (const { frame } of this.#queue.close()) this.#events.expired(frame, 'Scenecast is stopping');
    await Promise.all(this.#loops);
    this.#loops = [];
  }

  /** One after another: a sensor that is slow to read holds up the next health, and nothing else. */
  async #tellHealth(): Promise<void> {
    if (this.#tellingHealth) return;
    const { publisher, readings, log } = this.#parts;
    this.#tellingHealth = true;
    const read = readings
      ? await readings().catch((error: unknown) => {
          log.warn({ reason: messageOf(error) }, 'the board was not read');
        })
      : {};
    this.#tellingHealth = false;
    if (!this.#stopped.signal.aborted) publisher.health({ ...this.health, ...read });
  }

  async #describeAll(): Promise<void> {
    const { describer } = this.#parts;
    const { concurrency = 1 } = describer;
    // While the model loads the frames that wait are replaced by newer ones.
    const ready = (): Promise<void> => describer.ready(this.#stopped.signal).catch(() => {});
    await ready();
    this.#engineHasBeenReady = true;
    for (let job = await this.#queue.take(ready); job; job = await this.#queue.take(ready)) {
      this.#begin(job);
      while (this.#underWay.size >= concurrency) await Promise.race(this.#underWay.values());
    }
    await Promise.all(this.#underWay.values());
  }

  #begin(job: Job): void {
    const described = this.#describe(job).finally(() => {
      this.#underWay.delete(job.camera);
      this.#queue.reconsider();
    });
    this.#underWay.set(job.camera, described);
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
    const { id, camera } = frame;
    const begun = watch.begin(job);
    if (!begun) return;
    const { trigger, inquiry } = begun;
    const queueMs = performance.now() - queuedAt;
    if (this.#engine === 'idle') this.#engine = 'busy';
    this.#dueMs.set(camera, performance.now() + (longestDescriptionMs ?? Number.POSITIVE_INFINITY));
    try {
      const prompt = inquiry.wish.prompt ?? watch.settings.prompt;
      const request = this.#requestOf(job, inquiry.wish, prompt);
      const { description, answer } = apart(await describer.describe(request, this.#stopped.signal));
      const totalMs = performance.now() - captureStart;
      const observation: Observation = { frame, trigger, prompt, description, queueMs, totalMs };
      this.#engine = this.#underWay.size > 1 ? 'busy' : 'idle';
      this.#timings.add(observation);
      this.#lastDescribedAt = new Date();
      publisher.observation(observation);
      this.#events.described(frame);
      log.info(
        { id, camera, trigger, totalMs: Math.round(totalMs), tokens: description.tokens },
        'described',
      );
      inquiry.described({ observation, answer });
    } catch (error) {
      const reason = messageOf(error);
      this.#engine = 'failing';
      log.warn({ id, camera, reason }, 'not described');
      if (error instanceof ExpiredError) this.#events.expired(frame, reason);
      else this.#events.failed(frame, reason);
      inquiry.failed(error);
    } finally {
      this.#dueMs.delete(camera);
    }
  }

  #requestOf({ watch, frame }: Job, { questions, detail, ask }: Wish, prompt: string): DescribeRequest {
    const standing = watch.task.questions.filter(({ name }) => questions?.includes(name) ?? true);
    return {
      picture: frame.picture,
      prompt: this.#parts.prompts[prompt]!,
      questions: ask ? [...standing, { ...ask, name: askedName }] : standing,
      ...(detail && { detail }),
      frame: { id: frame.id, camera: frame.camera },
    };
  }

  #watchOf(camera: string): CameraWatch {
    named('camera', camera, [...this.#watches.keys()]);
    return this.#watches.get(camera)!;
  }

  #onlyCamera(): string {
    const [only, ...others] = this.#watches.keys();
    if (only === undefined || others.length > 0)
      throw new CommandError('invalid', `camera: must be one of ${[...this.#watches.keys()].join(', ')}`);
    return only;
  }
}

/** No standing question has this name. */
const askedName = '';

/** The answer to what was asked besides belongs to who asked, not to what is published. */
function apart(description: Description): { description: Description; answer: Fulfilment['answer'] } {
  const { [askedName]: answer = null, ...answers } = description.answers;
  return { description: { ...description, answers }, answer };
}

function named(what: string, name: string, names: readonly string[]): void {
  if (!names.includes(name))
    throw new CommandError('unknown', `no ${what} is named "${name}"; there are: ${names.join(', ')}`);
}
