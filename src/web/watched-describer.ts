import type { Description } from '../domain/observation.ts';
import type { DescribeEvents, DescribeRequest, Describer } from '../pipeline/ports.ts';

/** Which stage of a frame's description begins. */
export type OnStage = (camera: string, id: string, stage: 'seeing' | 'reading' | 'saying') => void;

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

  describe(
    request: DescribeRequest,
    signal: AbortSignal,
    { onReading, onGenerating }: DescribeEvents = {},
  ): Promise<Description> {
    const reached = (stage: Parameters<OnStage>[2]): void => {
      if (request.frame) this.#onStage(request.frame.camera, request.frame.id, stage);
    };
    reached('seeing');
    return this.#describer.describe(request, signal, {
      onReading: () => {
        reached('reading');
        onReading?.();
      },
      onGenerating: () => {
        reached('saying');
        onGenerating?.();
      },
    });
  }
}
