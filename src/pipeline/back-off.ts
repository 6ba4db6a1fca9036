/** [times, milliseconds]: at first the camera may only be slow to come up; later it may be away for long. */
const schedule: readonly (readonly [times: number, ms: number])[] = [
  [5, 1000],
  [5, 5000],
  [10, 10_000],
];
const maxMs = 60_000;

/** How long to wait after N failures in a row (from 1): 1 s x5, 5 s x5, 10 s x10, then 60 s. */
export function backOffMs(failures: number): number {
  let left = failures;
  for (const [times, ms] of schedule) {
    if (left <= times) return ms;
    left -= times;
  }
  return maxMs;
}
