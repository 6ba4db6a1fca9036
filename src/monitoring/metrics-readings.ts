import type { OutboxHealth } from '../domain/health.ts';
import type { AnswerType } from '../domain/observation.ts';
import type { ReadinessReadings } from './readiness.ts';

/** What nobody reports to a publisher. */
export interface MetricsReadings extends ReadinessReadings {
  readonly outbox: () => OutboxHealth;
  /** For how long the outbox has not been empty, in milliseconds. */
  readonly outboxAgeMs: () => number;
  readonly isBrokerConnected: () => boolean;
  /** The board's own engines; `model` is empty if there is only one. */
  readonly engines: () => readonly { readonly model: string; readonly restarts: number }[];
}

export interface MetricsFacts {
  readonly device: string;
  readonly version: string;
  /** The types of each camera's questions, by name; undefined: free text. */
  readonly cameras: Readonly<Record<string, Readonly<Record<string, AnswerType | undefined>>>>;
}
