import type { EngineHealth } from '../domain/health.ts';
import type { Observation } from '../domain/observation.ts';
import type { Describer } from './ports.ts';
import { RecentTimings } from './recent-timings.ts';

/** One engine, as the loop knows it: whether it can start at once, how its last description went, and how fast it is. */
export class EngineState {
  readonly describer: Describer;
  readonly #timings = new RecentTimings();
  #state: EngineHealth['engine'] = 'idle';
  #running = 0;
  #check: (() => void) | null = null;
  #isUp = false;
  #hasBeenUp = false;

  constructor(describer: Describer) {
    this.describer = describer;
  }

  /** It could start at once when that was last checked. */
  get isUp(): boolean {
    return this.#isUp;
  }

  get hasBeenUp(): boolean {
    return this.#hasBeenUp;
  }

  health(queueDepth: number): EngineHealth {
    return { engine: this.#state, queueDepth, ...this.#timings.health };
  }

  /** Checks it until the signal aborts. @param onUp called each time that it was found to be up */
  start(signal: AbortSignal, onUp: () => void): void {
    let isChecking = false;
    this.#check = () => {
      if (isChecking) return;
      isChecking = true;
      this.#isUp = false;
      const checked = (): void => {
        isChecking = false;
      };
      this.describer.ready(signal).then(() => {
        checked();
        this.#isUp = true;
        this.#hasBeenUp = true;
        onUp();
      }, checked);
    };
    this.check();
  }

  /** It may have gone down: it is not up until it says so. */
  check(): void {
    this.#check?.();
  }

  begun(): void {
    this.#running++;
    if (this.#state === 'idle') this.#state = 'busy';
  }

  described(observation: Observation): void {
    this.#running--;
    this.#state = this.#running > 0 ? 'busy' : 'idle';
    this.#timings.add(observation);
  }

  /** @param isFault false: the picture is to blame */
  failed(isFault: boolean): void {
    this.#running--;
    if (isFault) this.#state = 'failing';
    else if (this.#state === 'busy' && this.#running === 0) this.#state = 'idle';
  }

  interrupted(): void {
    this.#running--;
  }
}
