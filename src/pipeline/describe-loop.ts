import { judgeAnswers } from '../answers/judge-answers.ts';
import type { Calibrate } from '../domain/calibrate.ts';
import { codeOf, ExpiredError, messageOf } from '../domain/errors.ts';
import type { Health } from '../domain/health.ts';
import type { Heartbeat } from '../domain/heartbeat.ts';
import { promptIn, questionIn } from '../domain/language.ts';
import { modelRoles } from '../domain/model-role.ts';
import type { Description, Observation } from '../domain/observation.ts';
import { adHocName, splitAdHocAnswer } from './ad-hoc-answer.ts';
import type { ChangeQuestions } from './change-questions.ts';
import type { ChangedAreas } from './changed-areas.ts';
import { EngineState } from './engine-state.ts';
import type { FrameEvents } from './frame-events.ts';
import { FrameQueue, slotOf } from './frame-queue.ts';
import type { BegunJob, Job } from './job.ts';
import type { DescribeRequest, Describer, Log, Publisher } from './ports.ts';

export interface DescribeLoopParts {
  /** The words of each prompt, by name. */
  readonly prompts: Readonly<Record<string, string>>;
  /** Of descriptions and free answers: a BCP 47 tag. */
  readonly language: string;
  readonly changes: ChangeQuestions;
  readonly areas: ChangedAreas;
  readonly describer: Describer;
  /** The engine of a second, quick model. One of the two computes at a time. */
  readonly quick?: Describer | undefined;
  readonly publisher: Publisher;
  readonly events: FrameEvents;
  readonly log: Log;
  /** A frame that has waited longer than this is not described. */
  readonly maxFrameAgeMs: number;
  /** A description that takes longer counts as hung; the describer has a deadline of its own. Default: none. */
  readonly maxDescriptionMs?: number;
  /** Corrects confidences. Default: they stay as the model has them. */
  readonly calibrate?: Calibrate | undefined;
  /** See `QueueOptions.patience`. */
  readonly patience: number;
}

/** So often in a row requests may interrupt a camera's frames. */
const maxInterruptions = 2;

const discarded = 'what is private was changed after its capture';

const worstLast = ['idle', 'busy', 'failing'] as const;

/**
 * Describes the cameras' frames. The newest frame of each camera and model waits. An engine gets as many frames at once as it
 * serves, but those of one camera one after another; of two engines one computes at a time, and while one is down the other
 * goes on. A request interrupts a frame that was not requested and of which
 * nothing has been generated yet; that frame waits again.
 */
export class DescribeLoop {
  readonly #parts: DescribeLoopParts;
  readonly #queue: FrameQueue<Job>;
  readonly #thorough: EngineState;
  readonly #quick: EngineState | null;
  /** Descriptions in progress, by slot: see `slotOf`. */
  readonly #running = new Map<string, Promise<void>>();
  /** By slot: when the description in progress counts as hung. */
  readonly #dueMs = new Map<string, number>();
  /** By slot: stops a description in progress. */
  readonly #stops = new Map<string, AbortController>();
  /** By slot: the same, if a request may do that. */
  readonly #interruptible = new Map<string, AbortController>();
  /** By camera: frames whose capture began before must not be described. */
  readonly #discardedUntil = new Map<string, number>();
  /** By slot, since its last frame that was described or failed. */
  readonly #interruptions = new Map<string, number>();
  #lastDescribedAt: Date | undefined;

  constructor(parts: DescribeLoopParts) {
    this.#parts = parts;
    this.#thorough = new EngineState(parts.describer);
    this.#quick = parts.quick ? new EngineState(parts.quick) : null;
    this.#queue = new FrameQueue({
      isStale: (job) => this.#isDiscarded(job) || performance.now() - job.captureStart > parts.maxFrameAgeMs,
      patience: parts.patience,
      onStale: (job) => this.#refresh(job),
      // A camera's older frame must not overtake its newer one. While an engine is down, newer frames replace those that wait.
      isHeld: (job) => this.#running.has(slotOf(job)) || !this.#engineOf(job).isUp,
    });
  }

  get health(): Omit<Health, 'frames' | 'cameras'> {
    const { jobs } = this.#queue;
    const described = this.#lastDescribedAt && { lastDescribedAt: this.#lastDescribedAt };
    const quickJobs = jobs.filter(({ model }) => model === 'quick').length;
    const thorough = this.#thorough.health(jobs.length - quickJobs);
    if (!this.#quick) return { ...thorough, ...described };
    const quick = this.#quick.health(quickJobs);
    const engine = worstLast.findLast((state) => state === thorough.engine || state === quick.engine)!;
    return { ...thorough, engine, queueDepth: jobs.length, models: { quick, thorough }, ...described };
  }

  get heartbeat(): Heartbeat {
    return { loop: 'description', dueMs: Math.min(...this.#dueMs.values()) };
  }

  /** Queues a frame to be described; it replaces a waiting frame of the same camera and model. */
  offer(job: Job): void {
    this.#engineOf(job).check();
    const displaced = this.#queue.offer(job);
    if (job.trigger === 'request') this.#makeRoom();
    if (!displaced) return;
    this.#parts.events.dropped(displaced.frame);
    // A model that is still loading is not too slow.
    if (this.#engineOf(job).hasBeenUp) displaced.missed();
  }

  /** Describes no frame of a camera that was captured until now, whether it waits or is being described. */
  discard(camera: string): void {
    this.#discardedUntil.set(camera, performance.now());
    this.#parts.changes.forget(camera);
    for (const model of modelRoles) this.#stops.get(slotOf({ camera, model }))?.abort();
    this.#queue.reconsider();
  }

  /** Describes until it is closed; resolves when the last description has ended. `signal` cancels those in progress. */
  async run(signal: AbortSignal): Promise<void> {
    for (const engine of this.#engines) engine.start(signal, () => this.#queue.reconsider());
    for (let job = await this.#queue.take(); job; job = await this.#queue.take()) {
      this.#begin(job, signal);
      while (this.#running.size >= this.#concurrency) await Promise.race(this.#running.values());
    }
    await Promise.all(this.#running.values());
  }

  /** Takes no more frames; those still waiting expire. */
  close(): void {
    for (const { frame } of this.#queue.close()) this.#parts.events.expired(frame, 'Scenecast is stopping');
  }

  get #engines(): readonly EngineState[] {
    return this.#quick ? [this.#quick, this.#thorough] : [this.#thorough];
  }

  #engineOf({ model }: Job): EngineState {
    return (model === 'quick' && this.#quick) || this.#thorough;
  }

  get #concurrency(): number {
    return this.#quick ? 1 : (this.#parts.describer.concurrency ?? 1);
  }

  #isDiscarded({ camera, captureStart }: Job): boolean {
    return captureStart < (this.#discardedUntil.get(camera) ?? Number.NEGATIVE_INFINITY);
  }

  async #refresh(job: Job): Promise<void> {
    const { events, maxFrameAgeMs } = this.#parts;
    if (this.#isDiscarded(job)) events.expired(job.frame, discarded);
    else {
      events.expired(job.frame, `it waited for the engine for more than ${maxFrameAgeMs} ms`);
      job.missed();
    }
    await job.refresh();
  }

  /** Interrupts a description if the engine is full. */
  #makeRoom(): void {
    if (this.#running.size >= this.#concurrency) this.#interruptible.values().next().value?.abort();
  }

  #begin(job: Job, signal: AbortSignal): void {
    const slot = slotOf(job);
    const described = this.#describe(job, signal).finally(() => {
      this.#running.delete(slot);
      for (const engine of this.#engines) engine.check();
      this.#queue.reconsider();
    });
    this.#running.set(slot, described);
  }

  async #describe(job: Job, signal: AbortSignal): Promise<void> {
    const begun = job.begin();
    if (!begun) return;
    const queueMs = performance.now() - job.queuedAt;
    const { maxDescriptionMs = Number.POSITIVE_INFINITY } = this.#parts;
    const engine = this.#engineOf(job);
    const slot = slotOf(job);
    engine.begun();
    this.#dueMs.set(slot, performance.now() + maxDescriptionMs);
    const interruption = this.#interruptionOf(begun, slot, engine);
    this.#stops.set(slot, interruption);
    try {
      const request = this.#requestOf(job, begun);
      const { description, answer } = splitAdHocAnswer(
        await engine.describer.describe(request, AbortSignal.any([signal, interruption.signal]), {
          onGenerating: () => this.#interruptible.delete(slot),
        }),
      );
      if (this.#isDiscarded(job)) throw new ExpiredError(discarded);
      const { trigger, prompt } = begun;
      const totalMs = performance.now() - job.captureStart;
      const judged = this.#judge(job.camera, begun, description);
      const observation: Observation = {
        ...{ frame: job.frame, trigger, prompt, description, judged, queueMs, totalMs },
      };
      this.#parts.areas.described(job, begun, !request.changedArea);
      this.#described(job, observation);
      begun.described({ observation, answer });
    } catch (error) {
      if (interruption.signal.aborted && !signal.aborted) {
        this.#interrupted(job, begun);
        return;
      }
      if (signal.aborted) this.#parts.events.failed(job.frame, messageOf(signal.reason));
      else this.#failed(job, error);
      begun.failed(error);
    } finally {
      this.#dueMs.delete(slot);
      this.#stops.delete(slot);
      this.#interruptible.delete(slot);
    }
  }

  #judge(camera: string, { questions }: BegunJob, description: Description): Observation['judged'] {
    return judgeAnswers(camera, questions, description, this.#parts.calibrate ?? (() => null));
  }

  #interruptionOf({ trigger }: BegunJob, slot: string, { describer }: EngineState): AbortController {
    const interruption = new AbortController();
    const isSpared = (this.#interruptions.get(slot) ?? 0) >= maxInterruptions;
    if (describer.isInterruptible && trigger !== 'request' && !isSpared)
      this.#interruptible.set(slot, interruption);
    return interruption;
  }

  #interrupted(job: Job, begun: BegunJob): void {
    const { events, log } = this.#parts;
    const { camera, frame } = job;
    const slot = slotOf(job);
    this.#engineOf(job).interrupted();
    if (this.#isDiscarded(job)) {
      events.expired(frame, discarded);
      begun.interrupted(discarded);
      return;
    }
    this.#interruptions.set(slot, (this.#interruptions.get(slot) ?? 0) + 1);
    log.info({ id: frame.id, camera }, 'interrupted by a request; waiting again');
    // Not missed: the engine was not too slow for it.
    if (this.#queue.putBack(job)) events.dropped(frame);
    begun.interrupted('interrupted by a request');
  }

  #described(job: Job, observation: Observation): void {
    const { publisher, events, log, changes } = this.#parts;
    const { frame, trigger, totalMs, description } = observation;
    const { id, camera } = frame;
    this.#engineOf(job).described(observation);
    this.#interruptions.delete(slotOf(job));
    this.#lastDescribedAt = new Date();
    changes.described(observation);
    publisher.observation(observation);
    events.described(frame);
    const role = this.#quick ? { role: job.model } : {};
    log.info(
      { id, camera, ...role, trigger, totalMs: Math.round(totalMs), tokens: description.tokens },
      'described',
    );
  }

  #failed(job: Job, error: unknown): void {
    const { events, log } = this.#parts;
    const { frame } = job;
    const reason = messageOf(error);
    // A picture that cannot be decoded is the camera's fault.
    this.#engineOf(job).failed(codeOf(error) !== 'BAD_PICTURE');
    this.#interruptions.delete(slotOf(job));
    log.warn({ id: frame.id, camera: frame.camera, reason }, 'not described');
    if (error instanceof ExpiredError) events.expired(frame, reason);
    else events.failed(frame, reason);
  }

  #requestOf(job: Job, begun: BegunJob): DescribeRequest {
    const { prompts, language, changes, areas } = this.#parts;
    const { frame } = job;
    const { prompt, questions } = begun;
    const { ask, detail } = begun.options;
    const asked = ask ? [...questions, { ...ask, name: adHocName }] : questions;
    return {
      picture: frame.picture,
      prompt: prompt === null ? null : promptIn(language, prompts[prompt]!),
      questions: asked.map((question) => questionIn(language, question)),
      ...changes.of(frame.camera, begun),
      ...areas.of(job, begun),
      ...(detail && { detail }),
      frame: { id: frame.id, camera: frame.camera },
    };
  }
}
