import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Log } from '../pipeline/ports.ts';

/** Time between two samples. Each wakes the process: at 1 ms they cost 2.5 % of a core. */
const sampleMs = 10;

/** Measures how late the event loop is, and logs it at the end. */
export class LoopDelay {
  readonly #log: Log;
  readonly #histogram = monitorEventLoopDelay({ resolution: sampleMs });

  constructor(log: Log) {
    this.#log = log;
  }

  start(): void {
    this.#histogram.enable();
  }

  async close(): Promise<void> {
    if (!this.#histogram.disable()) return;
    // The histogram holds the time from one sample to the next.
    const toMs = (nanoseconds: number): number =>
      Math.max(0, Math.round(nanoseconds / 1e4 - 100 * sampleMs) / 100);
    const { mean, max } = this.#histogram;
    this.#log.info(
      { p99Ms: toMs(this.#histogram.percentile(99)), meanMs: toMs(mean), maxMs: toMs(max) },
      'event loop delay',
    );
  }
}
