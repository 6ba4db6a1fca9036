import { answerPayload, isDescription } from '../../contract/payloads.ts';
import { rulePayload } from '../../contract/rule-payloads.ts';
import type { Topics } from '../../contract/topics.ts';
import { visionPayload } from '../../contract/vision-payload.ts';
import type { CameraVision } from '../../domain/camera-vision.ts';
import type { Answer } from '../../domain/observation.ts';
import type { RuleStatus } from '../../domain/rule-status.ts';
import type { RetainedState } from './retained-state.ts';
import { type StoredObservation, withRightTime } from './stored-observation.ts';

/** What of the state before the start is still the state. */
export interface RestoreRules {
  /** Whether the newest description or answer of a topic is retained: not if it has been removed. */
  readonly isRetained: (topic: string) => boolean;
  /** Whether the question of a topic can have this answer: not if its type has been changed. */
  readonly isAnswer: (topic: string, value: Answer) => boolean;
}

/**
 * The state that observations make: the newest description of each camera, and the newest answer to each question. While the
 * broker is away, newer ones replace older ones, so that it gets one of each on its return.
 */
export class ObservedState {
  readonly #topics: Topics;
  readonly #retained: Pick<RetainedState, 'set'>;
  /** By topic: what it shows, or will show. */
  readonly #newest = new Map<string, StoredObservation>();
  readonly #pending = new Set<Promise<void>>();
  /** By camera: of the latest that was added and is not the state yet. */
  readonly #latest = new Map<string, Promise<void>>();
  /** By topic, of those whose payload may wait: the newest. */
  readonly #waiting = new Map<string, string>();

  constructor(topics: Topics, retained: Pick<RetainedState, 'set'>) {
    this.#topics = topics;
    this.#retained = retained;
  }

  /** Takes a camera's observations in order. Each becomes the state once `ready` resolves, unless a newer one has come. */
  add(stored: StoredObservation, ready: Promise<unknown>): void {
    const { camera } = stored.description;
    const payloads = this.#payloadsOf(stored);
    for (const topic of payloads.keys()) this.#newest.set(topic, stored);
    const pending = ready.then(() => {
      this.#pending.delete(pending);
      if (this.#latest.get(camera) === pending) this.#latest.delete(camera);
      for (const [topic, payload] of payloads)
        if (this.#newest.get(topic) === stored) this.#retained.set(topic, payload, 1);
    });
    this.#pending.add(pending);
    this.#latest.set(camera, pending);
  }

  /**
   * Takes an observation from before the start: the state of the topics that have had none since. An answer that its question
   * cannot have any more is cleared.
   */
  restore(stored: StoredObservation, { isRetained, isAnswer }: RestoreRules): void {
    const { camera } = stored.description;
    const foreign = new Set(
      Object.entries(stored.judged ?? {})
        .map(([question, { value }]) => ({ topic: this.#topics.answer(camera, question), value }))
        .filter(({ topic, value }) => value !== null && !isAnswer(topic, value))
        .map(({ topic }) => topic),
    );
    for (const [topic, payload] of this.#payloadsOf(stored)) {
      if (this.#newest.has(topic) || !isRetained(topic)) continue;
      this.#newest.set(topic, stored);
      this.#retained.set(topic, foreign.has(topic) ? '' : payload, 1);
    }
  }

  /** `current` waits for what was added to be the state: what was there before would seem to hold again. */
  vision(camera: string, vision: CameraVision): void {
    const payload = JSON.stringify(visionPayload(vision));
    this.#set(this.#topics.vision(camera), payload, vision.state === 'current' ? this.added(camera) : null);
  }

  /** Waits for what was added to be the state, as it rests on that. */
  rule(camera: string, rule: string, status: RuleStatus): void {
    this.#set(this.#topics.rule(camera, rule), JSON.stringify(rulePayload(status)), this.added(camera));
  }

  /** Resolves when what was added of a camera is the state; null: it is. */
  added(camera: string): Promise<void> | null {
    return this.#latest.get(camera) ?? null;
  }

  /** Resolves when all that was added is the state. */
  async close(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** Publishes the newest payload of a topic once `ready` resolves. */
  #set(topic: string, payload: string, ready: Promise<void> | null): void {
    this.#waiting.set(topic, payload);
    const publish = (): void => {
      if (this.#waiting.get(topic) === payload) this.#retained.set(topic, payload, 1);
    };
    if (ready) void ready.then(publish);
    else publish();
  }

  /** By topic: its payload, made each time that it is sent. */
  #payloadsOf(stored: StoredObservation): Map<string, () => string> {
    const { camera } = stored.description;
    const payloads = new Map<string, () => string>();
    if (isDescription(stored.description))
      payloads.set(this.#topics.description(camera), () =>
        JSON.stringify({ ...withRightTime(stored).description, published_at: new Date().toISOString() }),
      );
    for (const [question, answer] of Object.entries(stored.judged ?? {}))
      payloads.set(this.#topics.answer(camera, question), () =>
        JSON.stringify(answerPayload(withRightTime(stored).description, answer)),
      );
    return payloads;
  }
}
