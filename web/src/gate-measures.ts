import type { WindowGateReading } from '../../src/contract/window.ts';

/** The threshold of a sensitivity from 0 to 100, in % of the picture, as the gate computes it. */
export function thresholdOf(sensitivity: number): number {
  return 0.5 * 2 ** ((50 - sensitivity) / 25);
}

/** The reverse, as a whole number from 0 to 100. */
export function sensitivityOf(threshold: number): number {
  const sensitivity = 50 - 25 * Math.log2(threshold / 0.5);
  return Math.round(Math.min(100, Math.max(0, sensitivity)));
}

/** How many of the looks would have been a change. An estimate: a sensitivity also changes how faint a difference counts. */
export function changesAt(readings: readonly WindowGateReading[], threshold: number): number {
  return readings.filter(({ measure }) => measure !== null && measure > threshold).length;
}

/** The largest measure of each stretch of time, so that a chart has no more dots than can be told apart. Oldest first. */
export function peaksOf(
  readings: readonly WindowGateReading[],
  stretchMs: number,
): readonly WindowGateReading[] {
  const peaks = new Map<number, WindowGateReading>();
  for (const reading of readings) {
    const stretch = Math.floor(Date.parse(reading.at) / stretchMs);
    const before = peaks.get(stretch);
    if (!before || (reading.measure ?? 0) > (before.measure ?? 0)) peaks.set(stretch, reading);
  }
  return [...peaks.values()];
}

/** The measures that a chart can show, in percent. */
const [lowest, highest] = [0.01, 100];

/** Where a measure is on the chart, from 0 at the bottom to 1 at the top: by its logarithm, since most are tiny. */
export function heightOf(measure: number): number {
  const bounded = Math.min(highest, Math.max(lowest, measure));
  return Math.log(bounded / lowest) / Math.log(highest / lowest);
}

/** The reverse. */
export function measureAt(height: number): number {
  return lowest * (highest / lowest) ** Math.min(1, Math.max(0, height));
}
