import type { DescriptionResult } from '../domain/description-options.ts';
import { codeOf, ExpiredError, messageOf } from '../domain/errors.ts';
import type { Frame } from '../domain/frame.ts';
import type { Health } from '../domain/health.ts';
import type { Heartbeat } from '../domain/heartbeat.ts';
import { promptIn, questionIn } from '../domain/language.ts';
import type { Description, Observation } from '../domain/observation.ts';
import type { FrameEvents } from './frame-events.ts';
import { FrameQueue } from './frame-queue.ts';
import type { BegunJob, Job } from './job.ts';
import type { DescribeRequest, Describer, Log, Publisher } from './ports.ts';
import { RecentTimings } from './recent-timings.ts';

export interface DescribeLoopParts {
  /** The words of each prompt, by name. */
  readonly prompts: Readonly<Record<string, string>>;
  /** Of descriptions and free answers: a BCP 47 tag. */
  readonly language: string;
  readonly describer: Describer;
  readonly publisher: Publisher;
  readonly events: FrameEvents;
  readonly log: Log;
  /** A frame that has waited longer than this is not described. */
  readonly maxFrameAgeMs: number;
  /** A description that takes longer counts as hung; the describer has a deadline of its own. Default: none. */
  readonly maxDescriptionMs?: number;
  /** See `QueueOptions.patience`. */
  readonly patience: number;
}

/** So often in a row requests may interrupt a camera's frames. */
const maxInterruptions = 2;

/**
 * Describes the cameras' frames. The newest frame of each camera waits. The engine gets as many frames at once as it
 * serves, but those of one camera one after another. A request interrupts a frame that was not requested and of which
 * nothing has been generated yet; that frame waits again.
 */
export class DescribeLoop {
  readonly #parts: DescribeLoopParts;
  readonly #queue: FrameQueue<Job>;
  readonly #timings = new RecentTimings();
  /** Descriptions in progress, by camera. */
  readonly #running = new Map<string, Promise<void>>();
  /** By camera: when the description in progress counts as hung. */
  readonly #dueMs = new Map<string, number>();
  /** By camera: stops a description in progress that a request may interrupt. */
  readonly #interruptible = new Map<string, AbortController>();
  /** By camera, since its last frame that was described or failed. */
  readonly #interruptions = new Map<string, number>();
  #engine: Health['engine'] = 'idle';
  /** Until the engine is up for the first time, a frame that is replaced does not count as missed. */
  #engineHasBeenReady = false;
  #lastDescribedAt: Date | undefined;

  constructor(parts: DescribeLoopParts) {
    this.#parts = parts;
    this.#queue = new FrameQueue({
      isStale: ({ captureStart }) => performance.now() - captureStart > parts.maxFrameAgeMs,
      patience: parts.patience,
      onStale: (job) => this.#refresh(job),
      // A camera's older frame must not overtake its newer one.
      isHeld: (camera) => this.#running.has(camera),
    });
  }

  get health(): Omit<Health, 'frames' | 'cameras'> {
    return {
      engine: this.#engine,
      queueDepth: this.#queue.depth,
      ...this.#timings.health,
      ...(this.#lastDescribedAt && { lastDescribedAt: this.#lastDescribedAt }),
    };
  }

  get heartbeat(): Heartbeat {
    return { loop: 'description', dueMs: Math.min(...this.#dueMs.values()) };
  }

  /** Queues a frame to be described; it replaces a waiting frame of the same camera. */
  offer(job: Job): void {
    const displaced = this.#queue.offer(job);
    if (job.trigger === 'request') this.#makeRoom();
    if (!displaced) return;
    this.#parts.events.dropped(displaced.frame);
    if (this.#engineHasBeenReady) displaced.missed();
  }

  /** Describes until it is closed; resolves when the last description has ended. `signal` cancels those in progress. */
  async run(signal: AbortSignal): Promise<void> {
    const { describer } = this.#parts;
    const { concurrency = 1 } = describer;
    // While the model loads, newer frames replace the ones that wait.
    const ready = (): Promise<void> => describer.ready(signal).catch(() => {});
    await ready();
    this.#engineHasBeenReady = true;
    for (let job = await this.#queue.take(ready); job; job = await this.#queue.take(ready)) {
      this.#begin(job, signal);
      while (this.#running.size >= concurrency) await Promise.race(this.#running.values());
    }
    await Promise.all(this.#running.values());
  }

  /** Takes no more frames; those still waiting expire. */
  close(): void {
    for (const { frame } of this.#queue.close()) this.#parts.events.expired(frame, 'Scenecast is stopping');
  }

  async #refresh(job: Job): Promise<void> {
    const { events, maxFrameAgeMs } = this.#parts;
    events.expired(job.frame, `it waited for the engine for more than ${maxFrameAgeMs} ms`);
    job.missed();
    await job.refresh();
  }

  /** Interrupts a description if the engine is full. */
  #makeRoom(): void {
    const { concurrency = 1 } = this.#parts.describer;
    if (this.#running.size >= concurrency) this.#interruptible.values().next().value?.abort();
  }

  #begin(job: Job, signal: AbortSignal): void {
    const described = this.#describe(job, signal).finally(() => {
      this.#running.delete(job.camera);
      this.#queue.reconsider();
    });
    this.#running.set(job.camera, described);
  }

  async #describe(job: Job, signal: AbortSignal): Promise<void> {
    const begun = job.begin();
    if (!begun) return;
    const queueMs = performance.now() - job.queuedAt;
    const { maxDescriptionMs = Number.POSITIVE_INFINITY } = this.#parts;
    if (this.#engine === 'idle') this.#engine = 'busy';
    this.#dueMs.set(job.camera, performance.now() + maxDescriptionMs);
    const interruption = this.#interruptionOf(begun, job.camera);
    try {
      const request = this.#requestOf(job.frame, begun);
      const { description, answer } = splitAdHocAnswer(
        await this.#parts.describer.describe(request, AbortSignal.any([signal, interruption.signal]), () =>
          this.#interruptible.delete(job.camera),
        ),
      );
      const { trigger, prompt } = begun;
      const totalMs = performance.now() - job.captureStart;
      const observation: Observation = { frame: job.frame, trigger, prompt, description, queueMs, totalMs };
      this.#described(observation);
      begun.described({ observation, answer });
    } catch (error) {
      if (interruption.signal.aborted && !signal.aborted) {
        this.#interrupted(job);
        begun.interrupted();
      } else {
        this.#failed(job.frame, error);
        begun.failed(error);
      }
    } finally {
      this.#dueMs.delete(job.camera);
      this.#interruptible.delete(job.camera);
    }
  }

  #interruptionOf({ trigger }: BegunJob, camera: string): AbortController {
    const interruption = new AbortController();
    const isSpared = (this.#interruptions.get(camera) ?? 0) >= maxInterruptions;
    if (this.#parts.describer.isInterruptible && trigger !== 'request' && !isSpared)
      this.#interruptible.set(camera, interruption);
    return interruption;
  }

  #interrupted(job: Job): void {
    const { events, log } = this.#parts;
    const { camera, frame } = job;
    this.#interruptions.set(camera, (this.#interruptions.get(camera) ?? 0) + 1);
    log.info({ id: frame.id, camera }, 'interrupted by a request; waiting again');
    // Not missed: the engine was not too slow for it.
    if (this.#queue.putBack(job)) events.dropped(frame);
  }

  #described(observation: Observation): void {
    const { publisher, events, log } = this.#parts;
    const { frame, trigger, totalMs, description } = observation;
    const { id, camera } = frame;
    this.#engine = this.#running.size > 1 ? 'busy' : 'idle';
    this.#interruptions.delete(camera);
    this.#timings.add(observation);
    this.#lastDescribedAt = new Date();
    publisher.observation(observation);
    events.described(frame);
    log.info({ id, camera, trigger, totalMs: Math.round(totalMs), tokens: description.tokens }, 'described');
  }

  #failed(frame: Frame, error: unknown): void {
    const { events, log } = this.#parts;
    const reason = messageOf(error);
    // A picture that cannot be decoded is the camera's fault.
    if (codeOf(error) !== 'BAD_PICTURE') this.#engine = 'failing';
    else if (this.#engine === 'busy' && this.#running.size <= 1) this.#engine = 'idle';
    this.#interruptions.delete(frame.camera);
    log.warn({ id: frame.id, camera: frame.camera, reason }, 'not described');
    if (error instanceof ExpiredError) events.expired(frame, reason);
    else events.failed(frame, reason);
  }

  #requestOf(frame: Frame, { prompt, questions, options: { ask, detail } }: BegunJob): DescribeRequest {
    const { prompts, language } = this.#parts;
    const asked = ask ? [...questions, { ...ask, name: adHocName }] : questions;
    return {
      picture: frame.picture,
      prompt: promptIn(language, prompts[prompt]!),
      questions: asked.map((question) => questionIn(language, question)),
      ...(detail && { detail }),
      frame: { id: frame.id, camera: frame.camera },
    };
  }
}

/** No standing question has this name. */
const adHocName = '';

/** Splits off the answer to `DescriptionOptions.ask`: it goes to the requester only and is never published. */
function splitAdHocAnswer(description: Description): {
  description: Description;
  answer: DescriptionResult['answer'];
} {
  const { [adHocName]: answer = null, ...answers } = description.answers;
  return { description: { ...description, answers }, answer };
}
