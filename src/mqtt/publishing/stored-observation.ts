import { readFileSync } from 'node:fs';
import type { ObservedPayload } from '../../contract/payloads.ts';
import { isPlausible } from '../../domain/clock.ts';

/** An observation as stored in the outbox. */
export interface StoredObservation {
  /** `published_at` is set each time it is sent. */
  readonly description: ObservedPayload;
  /** Only if the clock was not set. */
  readonly storedAt?: BootTime;
}

/** A time by the clock that runs from the board's start, whatever the system's clock does. */
interface BootTime {
  /** The kernel's id of this run of the board. */
  readonly boot: string;
  readonly ms: number;
}

/** Now, in a time that a later process of the same boot can use. */
export function bootTime(): BootTime {
  return { boot: bootId(), ms: Number(process.hrtime.bigint() / 1_000_000n) };
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
  const { storedAt, description } = stored;
  if (!storedAt || storedAt.boot !== boot || !isPlausible(now)) return stored;
  const { clock: _, ...marked } = description;
  const ageMs = ms - storedAt.ms + description.timing_ms.total;
  return { description: { ...marked, captured_at: new Date(now.getTime() - ageMs).toISOString() } };
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
