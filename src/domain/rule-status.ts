import type { RuleState } from './rule.ts';

export interface RuleStatus {
  readonly state: RuleState;
  /** When the state began; null before the first look. */
  readonly since: Date | null;
  /** The mean of the agreeing votes; null if it is unknown, or an answer came without one. */
  readonly confidence: number | null;
  /** The observations that it rests on, oldest first. */
  readonly evidence: readonly string[];
  /** Why it is unknown; else null. */
  readonly reason: 'undecided' | 'stale' | null;
}

/** What is kept over a restart; ages in milliseconds at the snapshot. */
export interface RuleSnapshot {
  readonly status: RuleStatus;
  /** Of the last look that showed what the state says; null: none. */
  readonly evidenceAgeMs: number | null;
  /** Of the last alert that it was on; null: none. */
  readonly alertAgeMs: number | null;
  readonly isAlertOpen: boolean;
  readonly settings: string | null;
}

/** A rule of a camera turned on, or off after an alert that it was on; or a watch came true. */
export interface Alert {
  readonly camera: string;
  /** null: it is that of a watch. */
  readonly rule: string | null;
  /** null: it is that of a rule. */
  readonly watch: { readonly id: string; readonly note: string | null } | null;
  readonly state: 'on' | 'off';
  /** When it turned. */
  readonly at: Date;
  readonly confidence: number | null;
  /** The observations that decided it, at least one; the last one is the newest. */
  readonly evidence: readonly string[];
  /** The newest description of the camera; null: there is none yet. */
  readonly text: string | null;
}
