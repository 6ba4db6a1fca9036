import type { Frame } from '../domain/frame.ts';
import type { FrameCounts, GateReading } from '../domain/health.ts';
import type { Publisher } from './ports.ts';

/** Publishes and counts the events of every frame: `captured`, then exactly one of the others. */
export class FrameEvents {
  readonly #publisher: Publisher;
  readonly #counts = { captured: 0, described: 0, unchanged: 0, failed: 0, dropped: 0, expired: 0 };

  constructor(publisher: Publisher) {
    this.#publisher = publisher;
  }

  get counts(): FrameCounts {
    return { ...this.#counts };
  }

  captured({ id, camera }: Frame): void {
    this.#counts.captured++;
    this.#publisher.event({ type: 'captured', id, camera });
  }

  described({ id, camera }: Frame): void {
    this.#counts.described++;
    this.#publisher.event({ type: 'described', id, camera });
  }

  unchanged({ id, camera }: Frame, reading: GateReading | null): void {
    const { measure, threshold } = reading ?? { measure: null, threshold: 0 };
    const reason = `the largest changed region is ${(measure ?? 0).toFixed(2)} % of the picture; a change is more than ${threshold.toFixed(2)} %`;
    this.#counts.unchanged++;
    this.#publisher.event({ type: 'unchanged', id, camera, reason });
  }

  failed({ id, camera }: Frame, reason: string): void {
    this.#counts.failed++;
    this.#publisher.event({ type: 'failed', id, camera, reason });
  }

  dropped({ id, camera }: Frame): void {
    this.#counts.dropped++;
    this.#publisher.event({ type: 'expired', id, camera, reason: 'a newer frame took its place' });
  }

  expired({ id, camera }: Frame, reason: string): void {
    this.#counts.expired++;
    this.#publisher.event({ type: 'expired', id, camera, reason });
  }
}
