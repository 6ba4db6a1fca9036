import type { WindowGateReading } from '../contract/window.ts';
import type { GateReading } from '../domain/health.ts';

interface Reading extends Pick<GateReading, 'measure' | 'threshold'> {
  readonly atMs: number;
  readonly changed: boolean;
}

const maxAgeMs = 3_600_000;
/** Of the looks within one second, the largest measure is kept. */
const mergeMs = 1000;

/** What each camera's gate measured within the last hour, at most once a second. */
export class GateHistory {
  readonly #now: () => number;
  readonly #readings = new Map<string, Reading[]>();

  /** @param now milliseconds since 1970 */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Returns the reading as it is sent. */
  add(camera: string, { measure, threshold }: GateReading, changed: boolean): WindowGateReading {
    const atMs = this.#now();
    const reading = { atMs, measure, threshold, changed };
    const readings = this.#readings.get(camera) ?? [];
    this.#readings.set(camera, readings);
    const last = readings.at(-1);
    const isNear = last !== undefined && Math.abs(atMs - last.atMs) < mergeMs;
    if (!isNear) readings.push(reading);
    else if ((measure ?? 0) >= (last.measure ?? 0)) readings[readings.length - 1] = reading;
    // The clock may have been set: what seems to come from the future goes too.
    const tooOld = readings.findIndex((each) => Math.abs(atMs - each.atMs) <= maxAgeMs);
    if (tooOld > 0) readings.splice(0, tooOld);
    return sent(reading);
  }

  /** Oldest first. */
  of(camera: string): WindowGateReading[] {
    return (this.#readings.get(camera) ?? []).map(sent);
  }
}

function sent({ atMs, measure, threshold, changed }: Reading): WindowGateReading {
  return {
    at: new Date(atMs).toISOString(),
    measure: measure === null ? null : hundredths(measure),
    threshold: hundredths(threshold),
    changed,
  };
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
