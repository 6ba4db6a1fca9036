import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until the condition holds; rejects with `otherwise` after `timeoutMs`. */
export async function until(
  condition: () => boolean,
  timeoutMs = 60_000,
  otherwise = `not within ${timeoutMs} ms: ${condition}`,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(otherwise);
    await sleep(5);
  }
}
