import type { Description } from '../domain/observation.ts';
import type { DescribeRequest, Describer } from '../pipeline/ports.ts';

/** Which stage of a frame's description begins. */
export type OnStage = (camera: string, id: string, stage: 'seeing' | 'saying') => void;

/** A describer that reports how far it has come. */
export class WatchedDescriber implements Describer {
  readonly concurrency: number;
  readonly isInterruptible: boolean;
  readonly #describer: Describer;
  readonly #onStage: OnStage;

  constructor(describer: Describer, onStage: OnStage) {
    this.concurrency = describer.concurrency ?? 1;
    this.isInterruptible = describer.isInterruptible ?? false;
    this.#describer = describer;
    this.#onStage = onStage;
  }

  ready(signal: AbortSignal): Promise<void> {
    return this.#describer.ready(signal);
  }

  describe(request: DescribeRequest, signal: AbortSignal, onGenerating?: () => void): Promise<Description> {
    const { frame } = request;
    if (frame) this.#onStage(frame.camera, frame.id, 'seeing');
    return this.#describer.describe(request, signal, () => {
      if (frame) this.#onStage(frame.camera, frame.id, 'saying');
      onGenerating?.();
    });
  }
}
