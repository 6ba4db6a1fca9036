import type { PictureArea } from '../domain/picture-area.ts';
import { slotOf } from './frame-queue.ts';
import type { BegunJob, Job } from './job.ts';

interface Shown {
  /** The prompt and the questions of the last description. */
  readonly asked: string;
  /** When the capture of the last frame began that was shown whole, by the monotonic clock. */
  readonly wholeAt: number;
}

/**
 * What has changed in the cameras' frames, for an engine that is to look closely at that alone. It gets whole frames too: the
 * first one, those that are described for another reason than a change, those after a large change, with another prompt or
 * other questions, and one at least every `max_interval`.
 */
export class ChangedAreas {
  readonly #maxIntervalsMs: ReadonlyMap<string, number | null>;
  /** By camera and model. */
  readonly #shown = new Map<string, Shown>();

  /** @param maxIntervalsMs by camera; null: none */
  constructor(maxIntervalsMs: ReadonlyMap<string, number | null>) {
    this.#maxIntervalsMs = maxIntervalsMs;
  }

  /** The part of a frame that has changed, as a field of its request; none if it must be shown whole. */
  of(job: Job, begun: BegunJob): { readonly changedArea?: PictureArea } {
    const shown = this.#shown.get(slotOf(job));
    if (begun.trigger !== 'change' || shown?.asked !== askedIn(begun)) return {};
    const maxIntervalMs = this.#maxIntervalsMs.get(job.camera) ?? null;
    if (maxIntervalMs !== null && job.captureStart - shown.wholeAt >= maxIntervalMs) return {};
    const changedArea = job.look?.changedArea() ?? null;
    return changedArea ? { changedArea } : {};
  }

  described(job: Job, begun: BegunJob, isWhole: boolean): void {
    const slot = slotOf(job);
    const wholeAt = isWhole ? job.captureStart : this.#shown.get(slot)!.wholeAt;
    this.#shown.set(slot, { asked: askedIn(begun), wholeAt });
  }
}

function askedIn({ prompt, questions }: BegunJob): string {
  return JSON.stringify([prompt, questions.map(({ name, ask, type }) => [name, ask, type])]);
}
