import type { Moment } from '../answers/rule-tracker.ts';
import { messageOf } from '../domain/errors.ts';
import type { RuleSnapshot } from '../domain/rule-status.ts';
import type { KeptRule, KeptRules, Log, RuleStore } from './ports.ts';

type Named = Omit<KeptRule, 'snapshot'>;

/** The states of all rules, kept across restarts: saved as they change, and at the end. */
export class RuleStates {
  readonly #store: RuleStore;
  readonly #log: Log;
  readonly #followed: { readonly named: Named; readonly snapshot: (now: Moment) => RuleSnapshot }[] = [];
  #kept: KeptRules = { elapsedMs: null, rules: [] };
  #loadedMs = 0;
  #saving: Promise<void> = Promise.resolve();

  constructor(store: RuleStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Reads what was kept. */
  async load(): Promise<void> {
    this.#kept = await this.#store.load();
    this.#loadedMs = performance.now();
  }

  /** Keeps a rule from now on. */
  keep(named: Named, snapshot: (now: Moment) => RuleSnapshot): void {
    this.#followed.push({ named, snapshot });
  }

  /** What was kept of a rule before the start; null: nothing, or its definition was another. */
  keptOf(camera: string, rule: string): { snapshot: RuleSnapshot; elapsedMs: number | null } | null {
    const isIt = (each: Named): boolean => each.camera === camera && each.rule === rule;
    const kept = this.#kept.rules.find(isIt);
    const definition = this.#followed.find(({ named }) => isIt(named))?.named.definition;
    if (!kept || kept.definition !== definition) return null;
    const { elapsedMs } = this.#kept;
    const sinceLoadMs = performance.now() - this.#loadedMs;
    return { snapshot: kept.snapshot, elapsedMs: elapsedMs === null ? null : elapsedMs + sinceLoadMs };
  }

  /** Saves soon, but not before `alert` cannot be lost: a rule that is kept as on raises no second alert. */
  changed(alert: Promise<void> = Promise.resolve()): void {
    this.#saving = Promise.all([this.#saving, alert.catch(() => {})]).then(() => this.#save());
  }

  /** Saves the ages of all evidence, which looks have renewed since. */
  async close(): Promise<void> {
    if (this.#followed.length > 0) this.changed();
    await this.#saving;
  }

  async #save(): Promise<void> {
    const now = { monotonicMs: performance.now(), time: new Date() };
    const rules = this.#followed.map(({ named, snapshot }) => ({ ...named, snapshot: snapshot(now) }));
    await this.#store
      .save(rules)
      .catch((error) => this.#log.warn({ reason: messageOf(error) }, 'states of rules not saved'));
  }
}
