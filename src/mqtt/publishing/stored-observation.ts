import type { ObservedPayload } from '../../contract/payloads.ts';
import { isPlausible } from '../../domain/clock.ts';
import type { JudgedAnswer } from '../../domain/observation.ts';
import { type BootTime, bootTime } from '../../system/boot-time.ts';

/** An observation as stored in the outbox. */
export interface StoredObservation {
  /** `published_at` is set each time it is sent. */
  readonly description: ObservedPayload;
  /** By question; missing in those that an older version stored. */
  readonly judged?: Readonly<Record<string, JudgedAnswer>>;
  /** Only if the clock was not set. */
  readonly storedAt?: BootTime;
}

/**
 * An observation that was captured before the clock was set, with the time that it was captured at, if the clock has been set
 * since and the board has not been restarted.
 */
export function withRightTime(
  stored: StoredObservation,
  now = new Date(),
  { boot, ms } = bootTime(),
): StoredObservation {
  const { storedAt, description, ...others } = stored;
  if (!storedAt || storedAt.boot !== boot || !isPlausible(now)) return stored;
  const { clock: _, ...marked } = description;
  const ageMs = ms - storedAt.ms + description.timing_ms.total;
  return {
    ...others,
    description: { ...marked, captured_at: new Date(now.getTime() - ageMs).toISOString() },
  };
}
