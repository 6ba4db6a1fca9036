import { isDeepStrictEqual } from 'node:util';
import type { CertainAnswers } from '../answers/evaluate.ts';
import { type Moment, type RuleAlert, RuleTracker } from '../answers/rule-tracker.ts';
import { answeringRole, type ModelRole } from '../domain/model-role.ts';
import type { JudgedAnswer, Observation, Question } from '../domain/observation.ts';
import { questionsIn, type Rule } from '../domain/rule.ts';
import type { Alert, RuleStatus } from '../domain/rule-status.ts';
import type { Publisher } from './ports.ts';
import type { RuleStates } from './rule-states.ts';

export interface CameraRulesOptions {
  readonly camera: string;
  readonly rules: readonly Rule[];
  /** The standing questions of the camera. */
  readonly questions: readonly Question[];
  /** Answers all questions; null: each names the one of two models that answers it. */
  readonly onlyModel: ModelRole | null;
  /** How old the last evidence of a state may be. */
  readonly staleAfterMs: () => number;
  readonly publisher: Pick<Publisher, 'rule' | 'alert'>;
  readonly states: RuleStates;
  /** Called when `everyMs` may have changed. */
  readonly onPace: () => void;
}

/** What an alert says besides whose it is. */
export type Turn = Omit<Alert, 'rule' | 'watch'>;

interface Followed {
  readonly rule: Rule;
  readonly questions: readonly Question[];
  readonly tracker: RuleTracker;
  readonly onTurn: (turn: Turn) => void;
  readonly everyMs: number | null;
  /** Names of the questions whose first answer is asked for, whatever the gate says: those of a new watch. */
  readonly unanswered: Set<string>;
  /** null: of a rule, nothing yet; of a watch, nothing ever. */
  published: RuleStatus | null;
}

interface GivenAnswer extends JudgedAnswer {
  readonly question: string;
  /** Of the observation. */
  readonly id: string;
  readonly capturedAt: Date;
  readonly capturedMs: number;
  /** Identifies the model that gave it. */
  readonly model: string;
}

/** What is due is checked at least this often, as `staleAfterMs` changes. */
const maxWaitMs = 60_000;

/** The rules of one camera, whose states are published as they change, and raise alerts; and what watches wait for. */
export class CameraRules {
  readonly #options: CameraRulesOptions;
  readonly #rules: readonly Followed[];
  /** By id. */
  readonly #watches = new Map<string, Followed>();
  /** The newest answer to each question: of two models, each answers some. */
  readonly #answers = new Map<string, GivenAnswer>();
  #text: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;

  constructor(options: CameraRulesOptions) {
    const { camera, rules, publisher, states } = options;
    this.#options = options;
    this.#rules = rules.map((rule) => {
      const onTurn = (turn: Turn): void =>
        states.changed(publisher.alert({ ...turn, rule: rule.name, watch: null }));
      const followed = this.#follow(rule, null, onTurn);
      const asked = followed.questions.map(({ ask, type }) => [ask, type]);
      const definition = JSON.stringify([rule.when, rule.agree, asked]);
      states.keep({ camera, rule: rule.name, definition }, (now) => followed.tracker.snapshot(now));
      return followed;
    });
  }

  /** A rule or watch needs an answer about the next picture, whatever the gate says. */
  get wantsConfirmation(): boolean {
    return this.#all.some(({ tracker, unanswered }) => tracker.wantsConfirmation || unanswered.size > 0);
  }

  /** How often the watches want the camera to be looked at; infinite: they do not care. */
  get everyMs(): number {
    return Math.min(...[...this.#watches.values()].map(({ everyMs }) => everyMs ?? Infinity));
  }

  /** Publishes the states, those from before a restart if they are fresh, and each change until the signal aborts. */
  start(signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#isRunning = true;
    signal.addEventListener('abort', () => this.#stop(), { once: true });
    const { camera, states } = this.#options;
    for (const { rule, tracker } of this.#rules) {
      const kept = states.keptOf(camera, rule.name);
      if (kept) tracker.restore(kept.snapshot, kept.elapsedMs, nowMoment());
    }
    this.#update();
  }

  /**
   * Waits for a condition until `unwatch`; `onTrue` is called when it is true, at once if the newest answers say so.
   * @param condition under the id of the watch
   */
  watch(condition: Rule, everyMs: number | null, onTrue: (turn: Turn) => void): void {
    const onTurn = (turn: Turn): void => {
      if (turn.state === 'on') onTrue(turn);
    };
    const followed = this.#follow(condition, everyMs, onTurn);
    this.#watches.set(condition.name, followed);
    const fresh = this.#freshAnswersTo(followed);
    for (const { name } of followed.questions)
      if (!fresh.some(({ question }) => question === name)) followed.unanswered.add(name);
    if (fresh[0]) this.#answered(followed, fresh[0]);
    this.#update();
    this.#options.onPace();
  }

  unwatch(id: string): void {
    if (this.#watches.delete(id)) this.#options.onPace();
  }

  /** A picture was described, or questions about it answered. */
  observed({ frame, description, judged }: Observation, captureStart: number): void {
    this.#text = description.text ?? this.#text;
    const { id, capturedAt } = frame;
    const { name, quant, build } = description.model;
    const look = { id, capturedAt, capturedMs: captureStart, model: JSON.stringify([name, quant, build]) };
    for (const [question, answer] of Object.entries(judged))
      this.#answers.set(question, { ...answer, ...look, question });
    for (const followed of this.#all) {
      const answered = followed.questions.filter(({ name }) => Object.hasOwn(judged, name));
      for (const { name } of answered) followed.unanswered.delete(name);
      if (answered.length > 0) this.#answered(followed, look);
    }
    this.#update();
  }

  /** The picture shows the same as the last one that these models described or answered questions about. */
  unchanged(models: readonly ModelRole[], captureStart: number): void {
    const at = { monotonicMs: captureStart, time: new Date() };
    const { onlyModel } = this.#options;
    for (const followed of this.#all) {
      const answering = followed.questions.map(({ model }) => onlyModel ?? model ?? answeringRole);
      if (answering.every((model) => models.includes(model)))
        this.#turn(followed, followed.tracker.unchanged(at));
    }
    this.#update();
  }

  get #all(): readonly Followed[] {
    return [...this.#rules, ...this.#watches.values()];
  }

  #follow(rule: Rule, everyMs: number | null, onTurn: Followed['onTurn']): Followed {
    const { questions, staleAfterMs } = this.#options;
    const names = questionsIn(rule.when);
    return {
      ...{ rule, everyMs, onTurn, unanswered: new Set<string>(), published: null },
      questions: questions.filter(({ name }) => names.includes(name)),
      tracker: new RuleTracker(rule, staleAfterMs),
    };
  }

  #answered(followed: Followed, look: Pick<GivenAnswer, 'id' | 'capturedAt' | 'capturedMs'>): void {
    const at = { monotonicMs: look.capturedMs, time: look.capturedAt };
    const { answers, settings } = this.#answersTo(followed, look.capturedMs);
    this.#turn(followed, followed.tracker.answered({ at, id: look.id, answers, settings }));
  }

  /** The certain answers, if they are fresh, and what identifies the models that gave them. */
  #answersTo(
    { questions }: Followed,
    nowMs: number,
  ): { readonly answers: CertainAnswers; readonly settings: string } {
    const staleAfterMs = this.#options.staleAfterMs();
    const given = questions.map(({ name }) => ({ name, ...this.#answers.get(name) }));
    return {
      answers: Object.fromEntries(
        given.flatMap(({ name, value = null, confidence = null, capturedMs = -Infinity }) =>
          value === null || nowMs - capturedMs > staleAfterMs ? [] : [[name, { value, confidence }]],
        ),
      ),
      settings: given.map(({ model = '' }) => model).join(),
    };
  }

  /** Those that are not stale, the newest first. */
  #freshAnswersTo({ questions }: Followed): readonly GivenAnswer[] {
    const oldestMs = performance.now() - this.#options.staleAfterMs();
    return questions
      .flatMap(({ name }) => this.#answers.get(name) ?? [])
      .filter(({ capturedMs }) => capturedMs >= oldestMs)
      .sort((a, b) => b.capturedMs - a.capturedMs);
  }

  /** Applies what is due, and publishes what has changed. */
  #update(): void {
    clearTimeout(this.#timer);
    if (!this.#isRunning) return;
    for (const followed of this.#all) this.#turn(followed, followed.tracker.advance(nowMoment()));
    const { camera, publisher, states } = this.#options;
    for (const followed of this.#rules) {
      const { status } = followed.tracker;
      const before = followed.published;
      if (isDeepStrictEqual(status, before)) continue;
      followed.published = status;
      publisher.rule(camera, followed.rule.name, status);
      // Evidence changes with each answer, and is not worth a write.
      if (before && before.state !== status.state) states.changed();
    }
    if (this.#all.length === 0) return;
    const waitMs = Math.min(...this.#all.map(({ tracker }) => tracker.dueMs)) - performance.now();
    this.#timer = setTimeout(() => this.#update(), Math.max(1, Math.ceil(Math.min(waitMs, maxWaitMs))));
  }

  #turn({ onTurn }: Followed, raised: RuleAlert | null): void {
    if (!raised) return;
    const { state, at, confidence, evidence } = raised;
    onTurn({ camera: this.#options.camera, state, at: at.time, confidence, evidence, text: this.#text });
  }

  #stop(): void {
    this.#isRunning = false;
    clearTimeout(this.#timer);
  }
}

function nowMoment(): Moment {
  return { monotonicMs: performance.now(), time: new Date() };
}
