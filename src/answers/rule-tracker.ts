import type { Rule } from '../domain/rule.ts';
import type { RuleSnapshot, RuleStatus } from '../domain/rule-status.ts';
import { AlertPolicy } from './alert-policy.ts';
import { type CertainAnswers, evaluate } from './evaluate.ts';
import { type Decision, Votes } from './votes.ts';

/** A moment by both clocks: durations are measured by the monotonic one, `time` is what people read. */
export interface Moment {
  readonly monotonicMs: number;
  readonly time: Date;
}

/** The answers about one described picture. */
export interface AnsweredLook {
  readonly at: Moment;
  /** Of the observation. */
  readonly id: string;
  readonly answers: CertainAnswers;
  /** Identifies model, prompt and wording: votes under others do not count. */
  readonly settings: string;
}

/** A rule turned on, or off after an alert that it was on. */
export interface RuleAlert {
  readonly state: 'on' | 'off';
  readonly at: Moment;
  readonly confidence: number | null;
  /** The observations that decided it; the last one is the newest. */
  readonly evidence: readonly string[];
}

const unknown = { state: 'unknown', confidence: null, evidence: [] } as const;

/**
 * The state of one rule, from the answers about its camera's pictures. It has no timer of its own: call `advance` at `dueMs`.
 *
 * The votes of the last looks decide, and their decision becomes the state once it has lasted for the rule's hold. A state is
 * stale, and then unknown, if no look has shown it for `staleAfterMs`; while a decision waits for its hold, the looks that
 * show the decision count instead.
 */
export class RuleTracker {
  readonly #rule: Rule;
  readonly #staleAfterMs: () => number;
  readonly #votes: Votes;
  readonly #alerts: AlertPolicy;
  #status: RuleStatus = { ...unknown, since: null, reason: 'undecided' };
  #decision: (Decision & { readonly sinceMs: number }) | null = null;
  /** What the last described picture shows; null: its answers do not say. */
  #shown: boolean | null = null;
  /** When a look last showed the condition to be true, and false. */
  readonly #shownMs = { on: Number.NEGATIVE_INFINITY, off: Number.NEGATIVE_INFINITY };
  #settings: string | null = null;
  /** What was shown has become stale: an unchanged picture must be described for the rule to know again. */
  #needsAnswer = false;

  /** @param staleAfterMs how old the last evidence may be, as things are now */
  constructor(rule: Rule, staleAfterMs: () => number) {
    this.#rule = rule;
    this.#staleAfterMs = staleAfterMs;
    this.#votes = new Votes(rule.agree);
    this.#alerts = new AlertPolicy(rule.cooldownMs);
  }

  get status(): RuleStatus {
    return this.#status;
  }

  /** A vote waits for others, or the state has become stale: the next look must be described, whatever the gate says. */
  get wantsConfirmation(): boolean {
    const { last } = this.#votes;
    return this.#needsAnswer || (last !== null && last.isOn !== this.#decision?.isOn);
  }

  /** When `advance` has something to do, by the monotonic clock; infinite: never. */
  get dueMs(): number {
    // Stale is what is older than the limit, not what has reached it.
    return Math.min(this.#holdEndMs, this.#staleMs + 1);
  }

  /** A picture was described. Returns the alert that this raises. */
  answered({ at, id, answers, settings }: AnsweredLook): RuleAlert | null {
    const overdue = this.advance(at);
    if (settings !== this.#settings) this.#startVotes(settings);
    this.#needsAnswer = false;
    const { value, confidence } = evaluate(this.#rule.when, answers);
    this.#shown = value;
    this.#showAgain(at);
    if (value !== null) {
      this.#votes.add({ isOn: value, confidence, id });
      this.#decide(at);
    }
    return this.advance(at) ?? overdue;
  }

  /** The picture is as the last described one: no vote, but what that one showed is shown again. */
  unchanged(at: Moment): RuleAlert | null {
    const overdue = this.advance(at);
    this.#showAgain(at);
    return overdue;
  }

  /** Applies what is due. Returns the alert that this raises. */
  advance(at: Moment): RuleAlert | null {
    const now = at.monotonicMs;
    if (this.#holdEndMs <= Math.min(now, this.#staleMs)) return this.#turn(at);
    if (now > this.#staleMs) this.#becomeStale(at);
    return null;
  }

  snapshot({ monotonicMs }: Moment): RuleSnapshot {
    const { state } = this.#status;
    return {
      status: this.#status,
      evidenceAgeMs: state === 'unknown' ? null : monotonicMs - this.#shownMs[state],
      alertAgeMs: this.#alerts.ageMs(monotonicMs),
      isAlertOpen: this.#alerts.isOpen,
      settings: this.#settings,
    };
  }

  /**
   * Continues after a restart; a state whose evidence has become stale meanwhile stays unknown.
   * @param elapsedMs since the snapshot; null if the clock was set meanwhile: no state is restored then
   */
  restore(snapshot: RuleSnapshot, elapsedMs: number | null, { monotonicMs }: Moment): void {
    const { status, evidenceAgeMs, alertAgeMs, isAlertOpen, settings } = snapshot;
    const alertAge = alertAgeMs === null ? null : alertAgeMs + (elapsedMs ?? 0);
    this.#alerts.restore(isAlertOpen, alertAge, monotonicMs);
    if (elapsedMs === null || elapsedMs < 0 || evidenceAgeMs === null || status.state === 'unknown') return;
    const ageMs = evidenceAgeMs + elapsedMs;
    if (ageMs > this.#staleAfterMs()) return;
    this.#status = status;
    this.#settings = settings;
    const { state, confidence, evidence } = status;
    this.#shownMs[state] = monotonicMs - ageMs;
    this.#decision = { isOn: state === 'on', confidence, evidence, sinceMs: monotonicMs - ageMs };
  }

  /** The decision differs from the state: it waits for its hold. */
  get #isPending(): boolean {
    return this.#decision !== null && this.#status.state !== stateOf(this.#decision.isOn);
  }

  get #holdEndMs(): number {
    return this.#isPending ? this.#decision!.sinceMs + this.#rule.holdMs : Number.POSITIVE_INFINITY;
  }

  /** Until when the last evidence is good. */
  get #staleMs(): number {
    const { on, off } = this.#shownMs;
    const state = this.#isPending ? stateOf(this.#decision!.isOn) : this.#status.state;
    const newestMs = state === 'unknown' ? Math.max(on, off) : this.#shownMs[state];
    return Number.isFinite(newestMs) ? newestMs + this.#staleAfterMs() : Number.POSITIVE_INFINITY;
  }

  #showAgain({ monotonicMs }: Moment): void {
    if (this.#shown === null) return;
    const state = stateOf(this.#shown);
    // A look may end before the description of an earlier one.
    this.#shownMs[state] = Math.max(this.#shownMs[state], monotonicMs);
  }

  #decide({ monotonicMs }: Moment): void {
    const { decision } = this.#votes;
    if (decision === null) return;
    const sinceMs = decision.isOn === this.#decision?.isOn ? this.#decision.sinceMs : monotonicMs;
    this.#decision = { ...decision, sinceMs };
    if (!this.#isPending) this.#status = { ...this.#status, ...decisionParts(decision) };
  }

  #turn(at: Moment): RuleAlert | null {
    const decision = this.#decision!;
    const state = stateOf(decision.isOn);
    this.#status = { state, since: at.time, reason: null, ...decisionParts(decision) };
    if (!this.#alerts.turned(decision.isOn, at.monotonicMs)) return null;
    return { state, at, ...decisionParts(decision) };
  }

  #startVotes(settings: string): void {
    this.#settings = settings;
    this.#votes.clear();
    this.#decision = null;
  }

  #becomeStale(at: Moment): void {
    this.#votes.clear();
    this.#decision = null;
    this.#shown = null;
    this.#needsAnswer = true;
    this.#shownMs.on = Number.NEGATIVE_INFINITY;
    this.#shownMs.off = Number.NEGATIVE_INFINITY;
    const since = this.#status.state === 'unknown' ? this.#status.since : at.time;
    this.#status = { ...unknown, since, reason: 'stale' };
  }
}

function stateOf(isOn: boolean): 'on' | 'off' {
  return isOn ? 'on' : 'off';
}

function decisionParts({ confidence, evidence }: Decision): Pick<RuleStatus, 'confidence' | 'evidence'> {
  return { confidence, evidence };
}
