import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until the condition holds; rejects after `timeoutMs`. */
export async function until(condition: () => boolean, timeoutMs = 25_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${condition}`);
    await sleep(5);
  }
}
