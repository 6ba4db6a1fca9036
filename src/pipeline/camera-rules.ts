import { isDeepStrictEqual } from 'node:util';
import type { CertainAnswers } from '../answers/evaluate.ts';
import { type Moment, type RuleAlert, RuleTracker } from '../answers/rule-tracker.ts';
import { answeringRole, type ModelRole } from '../domain/model-role.ts';
import type { JudgedAnswer, Observation, Question } from '../domain/observation.ts';
import { questionsIn, type Rule } from '../domain/rule.ts';
import type { RuleStatus } from '../domain/rule-status.ts';
import type { Publisher } from './ports.ts';
import type { RuleStates } from './rule-states.ts';

export interface CameraRulesOptions {
  readonly camera: string;
  readonly rules: readonly Rule[];
  /** The standing questions of the camera. */
  readonly questions: readonly Question[];
  /** Which model answers a question that names none. */
  readonly onlyModel: ModelRole | null;
  /** How old the last evidence of a state may be. */
  readonly staleAfterMs: () => number;
  readonly publisher: Pick<Publisher, 'rule' | 'alert'>;
  readonly states: RuleStates;
}

interface Followed {
  readonly rule: Rule;
  readonly questions: readonly Question[];
  readonly tracker: RuleTracker;
  published: RuleStatus | null;
}

interface GivenAnswer extends JudgedAnswer {
  readonly capturedMs: number;
  /** Identifies the model that gave it. */
  readonly model: string;
}

/** What is due is checked at least this often, as `staleAfterMs` changes. */
const maxWaitMs = 60_000;

/** The rules of one camera: their states are published as they change, and raise alerts. */
export class CameraRules {
  readonly #options: CameraRulesOptions;
  readonly #followed: readonly Followed[];
  /** The newest answer to each question: of two models, each answers some. */
  readonly #answers = new Map<string, GivenAnswer>();
  #text: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;

  constructor(options: CameraRulesOptions) {
    const { camera, rules, questions, staleAfterMs, states } = options;
    this.#options = options;
    this.#followed = rules.map((rule) => {
      const names = questionsIn(rule.when);
      const asked = questions.filter(({ name }) => names.includes(name));
      const tracker = new RuleTracker(rule, staleAfterMs);
      const definition = JSON.stringify([rule.when, rule.agree, asked.map(({ ask, type }) => [ask, type])]);
      states.keep({ camera, rule: rule.name, definition }, (now) => tracker.snapshot(now));
      return { rule, questions: asked, tracker, published: null, definition };
    });
  }

  /** A rule needs an answer about the next picture, whatever the gate says. */
  get wantsConfirmation(): boolean {
    return this.#followed.some(({ tracker }) => tracker.wantsConfirmation);
  }

  /** Publishes the states, those from before a restart if they are fresh, and each change until the signal aborts. */
  start(signal: AbortSignal): void {
    if (signal.aborted || this.#followed.length === 0) return;
    this.#isRunning = true;
    signal.addEventListener('abort', () => this.#stop(), { once: true });
    const { camera, states } = this.#options;
    for (const { rule, tracker } of this.#followed) {
      const kept = states.keptOf(camera, rule.name);
      if (kept) tracker.restore(kept.snapshot, kept.elapsedMs, nowMoment());
    }
    this.#update();
  }

  /** A picture was described, or questions about it answered. */
  observed({ frame, description, judged }: Observation, captureStart: number): void {
    this.#text = description.text ?? this.#text;
    const { name, quant, build } = description.model;
    const model = JSON.stringify([name, quant, build]);
    for (const [question, answer] of Object.entries(judged))
      this.#answers.set(question, { ...answer, capturedMs: captureStart, model });
    const at = { monotonicMs: captureStart, time: frame.capturedAt };
    for (const followed of this.#followed) {
      const names = followed.questions.map(({ name: question }) => question);
      if (!names.some((question) => Object.hasOwn(judged, question))) continue;
      const look = { at, id: frame.id, ...this.#answersTo(names, captureStart) };
      this.#raise(followed, followed.tracker.answered(look));
    }
    this.#update();
  }

  /** The picture shows the same as the last one that these models described or answered questions about. */
  unchanged(models: readonly ModelRole[], captureStart: number): void {
    const at = { monotonicMs: captureStart, time: new Date() };
    const { onlyModel } = this.#options;
    for (const followed of this.#followed) {
      const answering = followed.questions.map(({ model }) => onlyModel ?? model ?? answeringRole);
      if (answering.every((model) => models.includes(model)))
        this.#raise(followed, followed.tracker.unchanged(at));
    }
    this.#update();
  }

  /** The certain answers to these questions, which are fresh, and what identifies the models that gave them. */
  #answersTo(
    questions: readonly string[],
    nowMs: number,
  ): { readonly answers: CertainAnswers; readonly settings: string } {
    const staleAfterMs = this.#options.staleAfterMs();
    const given = questions.map((question) => ({ question, ...this.#answers.get(question) }));
    return {
      answers: Object.fromEntries(
        given.flatMap(({ question, value = null, confidence = null, capturedMs = -Infinity }) =>
          value === null || nowMs - capturedMs > staleAfterMs ? [] : [[question, { value, confidence }]],
        ),
      ),
      settings: given.map(({ model = '' }) => model).join(),
    };
  }

  /** Applies what is due, and publishes what has changed. */
  #update(): void {
    clearTimeout(this.#timer);
    if (!this.#isRunning) return;
    const { camera, publisher, states } = this.#options;
    for (const followed of this.#followed) {
      const { rule, tracker, published } = followed;
      this.#raise(followed, tracker.advance(nowMoment()));
      if (isDeepStrictEqual(tracker.status, published)) continue;
      followed.published = tracker.status;
      publisher.rule(camera, rule.name, tracker.status);
      // Evidence changes with each answer, and is not worth a write.
      if (published && published.state !== tracker.status.state) states.changed();
    }
    const dueMs = Math.min(...this.#followed.map(({ tracker }) => tracker.dueMs));
    const waitMs = Math.min(dueMs - performance.now(), maxWaitMs);
    this.#timer = setTimeout(() => this.#update(), Math.max(1, Math.ceil(waitMs)));
  }

  #raise({ rule }: Followed, raised: RuleAlert | null): void {
    if (!raised) return;
    const { camera, publisher, states } = this.#options;
    const { state, at, confidence, evidence } = raised;
    const text = this.#text;
    states.changed(
      publisher.alert({ camera, rule: rule.name, state, at: at.time, confidence, evidence, text }),
    );
  }

  #stop(): void {
    this.#isRunning = false;
    clearTimeout(this.#timer);
  }
}

function nowMoment(): Moment {
  return { monotonicMs: performance.now(), time: new Date() };
}
