import { setTimeout as sleep } from 'node:timers/promises';
import { type CpuLoad, type CpuTimes, cpuLoadBetween, readCpuTimes } from '../board/cpu-load.ts';
import { KernelFiles } from '../board/kernel-files.ts';
import { ScenecastError } from '../domain/errors.ts';

export interface QuietOptions {
  /** Called once per wait, and for each measurement that is discarded. */
  readonly warn: (text: string) => void;
  readonly signal: AbortSignal;
  readonly readTimes?: () => Promise<CpuTimes | null>;
  readonly sampleMs?: number;
}

/** More of a CPU than an idle system's services use. */
const maxOtherCpus = 0.25;
const maxSamples = 30;
const maxAttempts = 3;

/** Measures only while other programs leave the CPUs alone. */
export class QuietBoard {
  readonly #options: Required<QuietOptions>;

  constructor(options: QuietOptions) {
    const files = new KernelFiles('/');
    this.#options = { readTimes: () => readCpuTimes(files), sampleMs: 1000, ...options };
  }

  /**
   * Waits until the CPUs are idle, then measures; a measurement during which others used them is discarded and repeated.
   * @throws ScenecastError if the CPUs stay busy; what `measure` throws
   */
  async measure<Result>(measure: () => Promise<Result>): Promise<Result> {
    const { warn } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const before = await this.#untilIdle();
      const result = await measure();
      const after = await this.#options.readTimes();
      if (!before || !after) return result;
      const load = cpuLoadBetween(before, after);
      if (load.otherCpus <= maxOtherCpus) return result;
      if (attempt === maxAttempts) throw busy(load);
      warn(`${loadText(load)}; the measurement is discarded and repeated`);
    }
  }

  /** Resolves with the last reading; null if the kernel shows no CPU times. */
  async #untilIdle(): Promise<CpuTimes | null> {
    const { readTimes, sampleMs, signal, warn } = this.#options;
    let before = await readTimes();
    for (let sample = 1; before; sample++) {
      await sleep(sampleMs, undefined, { signal });
      const after = await readTimes();
      if (!after) return null;
      const load = cpuLoadBetween(before, after);
      if (load.otherCpus <= maxOtherCpus) return after;
      if (sample === 1)
        warn(`${loadText(load)}; waiting at most ${(maxSamples * sampleMs) / 1000} s for idle CPUs`);
      if (sample === maxSamples) throw busy(load);
      before = after;
    }
    return null;
  }
}

function busy(load: CpuLoad): ScenecastError {
  return new ScenecastError(
    `${loadText(load)}, so nothing measured now is kept. Stop them (the service: sudo systemctl stop scenecast) and run it again, or pass --allow-load if this board is always as busy`,
  );
}

function loadText({ otherCpus, busiest }: CpuLoad): string {
  const names = busiest.map(({ name, cpus }) => `${name} ${cpus.toFixed(1)}`).join(', ');
  return `other programs use ${otherCpus.toFixed(1)} CPUs${names && ` (${names})`}`;
}
