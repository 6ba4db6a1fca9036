import type { DescriptionOptions, DescriptionResult } from '../domain/description-options.ts';
import type { GateReading } from '../domain/health.ts';
import { answeringRole, describingRole, type ModelRole } from '../domain/model-role.ts';
import type { Observation, Question, Trigger } from '../domain/observation.ts';
import type { CameraTask } from './camera-task.ts';
import type { Job } from './job.ts';
import { type Candidate, TriggerPolicy } from './trigger-policy.ts';

/** What one model does for a camera. */
export interface Lane {
  readonly model: ModelRole;
  /** It describes the pictures; else it only answers questions. */
  readonly describes: boolean;
  readonly questions: readonly Question[];
  readonly policy: TriggerPolicy;
}

export interface DueLane {
  readonly lane: Lane;
  readonly trigger: Trigger;
}

/**
 * Which model gets a look at a camera, and when. One of the models describes the camera, as its gate and requests want it. The
 * other one, if there are two, only answers: the quick one at every look, the thorough one whenever the camera is described.
 */
export class CameraLanes {
  readonly main: Lane;
  /** null: there is one model. */
  readonly side: Lane | null;

  /** @param wantsConfirmation whether an unchanged picture must be described to decide a rule */
  constructor(task: CameraTask, wantsConfirmation: () => boolean) {
    const { model = null, questions, settings } = task;
    const answeredBy = (role: ModelRole): Question[] =>
      questions.filter((question) => (question.model ?? answeringRole) === role);
    const main = model ?? describingRole;
    this.main = {
      model: main,
      describes: true,
      questions: model === null ? questions : answeredBy(main),
      policy: new TriggerPolicy({ ...task, intervalMs: settings.intervalMs, wantsConfirmation }),
    };
    const other = main === 'quick' ? 'thorough' : 'quick';
    const { intervalMs } = settings;
    this.side = model && {
      model: other,
      describes: false,
      questions: answeredBy(other),
      policy: new TriggerPolicy({ intervalMs, minIntervalMs: null, maxIntervalMs: null }),
    };
  }

  /** The one that sets the pace: it gets every look, or every one that is described. */
  get pace(): Lane {
    const { main, side } = this;
    return side?.model === 'quick' && side.questions.length > 0 ? side : main;
  }

  /** The models that say something about the camera unasked. */
  get speaking(): readonly ModelRole[] {
    return this.#all
      .filter(({ describes, questions }) => describes || questions.length > 0)
      .map(({ model }) => model);
  }

  /** Those of them that speak only when the camera is described: what they said holds while its gate sees no change. */
  get gated(): readonly ModelRole[] {
    return this.speaking.filter((model) => model === this.main.model || model === 'thorough');
  }

  set intervalMs(intervalMs: number) {
    for (const { policy } of this.#all) policy.intervalMs = intervalMs;
  }

  get reading(): GateReading | null {
    return this.main.policy.reading;
  }

  /** The earliest time for the next unrequested look. */
  get nextLookFrom(): number {
    return this.pace === this.main ? this.main.policy.nextLookFrom : Number.NEGATIVE_INFINITY;
  }

  /** Whether a request waits for a frame whose capture began at this moment. */
  isRequestedAt(captureStart: number): boolean {
    return this.#all.some(({ policy }) => policy.isRequestedAt(captureStart));
  }

  /** Rejects all pending requests. */
  refuse(error: unknown): void {
    for (const { policy } of this.#all) policy.refuse(error);
  }

  /** The lanes that get a look, and why; the quick one first. `isUnchanged`: what was described last still holds. */
  judge({ look, captureStart }: Candidate): {
    readonly due: readonly DueLane[];
    readonly isUnchanged: boolean;
  } {
    const { main, side } = this;
    const wanted = main.policy.triggerOf({ look, captureStart });
    // The looks do not wait for it if the side lane needs them.
    const isEarly = this.pace !== main && captureStart < main.policy.nextLookFrom;
    const described = isEarly && wanted !== 'request' ? null : wanted;
    const answered = side && this.#sideTrigger(side, described, captureStart);
    const due = [
      ...(answered ? [{ lane: side!, trigger: answered }] : []),
      ...(described ? [{ lane: main, trigger: described }] : []),
    ];
    return { due: main.model === 'quick' ? due.reverse() : due, isUnchanged: wanted === null };
  }

  /** Why a lane still wants a frame that has waited; null: it does not. */
  triggerOf(lane: Lane, job: Job): Trigger | null {
    if (lane.describes) return lane.policy.triggerOf(job);
    if (lane.policy.isRequestedAt(job.captureStart)) return 'request';
    return lane.questions.length > 0 ? job.trigger : null;
  }

  /**
   * Describes a frame whose capture begins from now on. Answers of the other model are part of the result if they are there in
   * time: it goes on without a model that is down. Rejects with the signal's reason when that aborts.
   */
  async request(options: DescriptionOptions, signal: AbortSignal): Promise<DescriptionResult> {
    const { main, side } = this;
    const { ask, questions } = options;
    if (side && ask && (ask.model ?? answeringRole) === side.model)
      return side.policy.request(options, signal);
    if (!side || ask || questionsOf(side, options).length === 0) return main.policy.request(options, signal);
    const described = new AbortController();
    let answered = null as Observation | null;
    side.policy.request({ questions }, AbortSignal.any([signal, described.signal])).then(
      ({ observation }) => {
        answered = observation;
      },
      () => {},
    );
    try {
      const { observation, answer } = await main.policy.request(options, signal);
      return { observation: answered ? withAnswersOf(answered, observation) : observation, answer };
    } finally {
      described.abort();
    }
  }

  get #all(): readonly Lane[] {
    return this.side ? [this.main, this.side] : [this.main];
  }

  #sideTrigger(side: Lane, described: Trigger | null, captureStart: number): Trigger | null {
    if (side.policy.isRequestedAt(captureStart)) return 'request';
    if (side.questions.length === 0) return null;
    // Another lane's request is not this one's.
    const trigger = described === 'request' ? null : described;
    return side.model === 'quick' ? (trigger ?? 'interval') : trigger;
  }
}

/** The description with the answers of both. */
function withAnswersOf(answered: Observation, described: Observation): Observation {
  const { answers, confidences } = answered.description;
  const { description, judged } = described;
  return {
    ...described,
    description: {
      ...description,
      answers: { ...answers, ...description.answers },
      confidences: { ...confidences, ...description.confidences },
    },
    judged: { ...answered.judged, ...judged },
  };
}

/** The standing questions that a lane asks. */
export function questionsOf({ questions }: Lane, { questions: names }: DescriptionOptions): Question[] {
  return questions.filter(({ name }) => names?.includes(name) ?? true);
}
