/** Which turns of a rule raise an alert: each `on` outside the cooldown, and the `off` that ends it. */
export class AlertPolicy {
  readonly #cooldownMs: number;
  #lastMs = Number.NEGATIVE_INFINITY;
  #isOpen = false;

  /** @param cooldownMs from an alert that it is on to the next one */
  constructor(cooldownMs: number) {
    this.#cooldownMs = cooldownMs;
  }

  /** Milliseconds since the last alert that it was on; null: none. */
  ageMs(nowMs: number): number | null {
    return Number.isFinite(this.#lastMs) ? nowMs - this.#lastMs : null;
  }

  /** An alert that it is on has not been followed by one that it is off. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether the rule's turn raises an alert. */
  turned(isOn: boolean, nowMs: number): boolean {
    // A rule that was unknown in between turns on twice in a row.
    if (isOn === this.#isOpen) return false;
    if (isOn && nowMs < this.#lastMs + this.#cooldownMs) return false;
    this.#isOpen = isOn;
    if (isOn) this.#lastMs = nowMs;
    return true;
  }

  restore(isOpen: boolean, ageMs: number | null, nowMs: number): void {
    this.#isOpen = isOpen;
    if (ageMs !== null) this.#lastMs = nowMs - ageMs;
  }
}
