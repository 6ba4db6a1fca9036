import type { HoursState, WorkingHours } from '../domain/working-hours.ts';
import { hoursAt } from './hours-at.ts';
import type { Log } from './ports.ts';

/** The clock may be set at any time, so it is read at least this often. */
const maxWaitMs = 30_000;

export interface CameraPauseOptions {
  readonly camera: string;
  readonly isPaused: boolean;
  /** null: always. */
  readonly hours: WorkingHours | null;
  readonly log: Log;
  /** Called when the hours begin or end, or the clock is set so that they do so at another time. */
  readonly onHours: (hours: HoursState) => void;
}

/** Whether a camera is paused: by its setting, or because it is outside its hours by the clock. */
export class CameraPause {
  readonly #options: CameraPauseOptions;
  /** The setting. */
  isPaused: boolean;
  #hours: HoursState | null;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CameraPauseOptions) {
    this.#options = options;
    this.isPaused = options.isPaused;
    this.#hours = options.hours && hoursAt(options.hours, new Date());
  }

  /** null: the camera has no hours. */
  get hours(): HoursState | null {
    return this.#hours;
  }

  /** Why the camera is paused; null: it is not. */
  get reason(): string | null {
    if (this.isPaused) return 'the camera is paused';
    return (this.#hours?.open ?? true) ? null : 'the camera is outside its hours';
  }

  /** Follows the clock until the signal aborts. */
  start(signal: AbortSignal): void {
    if (signal.aborted) return;
    signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
    this.#follow();
  }

  #follow(): void {
    const { camera, hours, log, onHours } = this.#options;
    if (!hours) return;
    const now = new Date();
    const before = this.#hours;
    const state = hoursAt(hours, now);
    this.#hours = state;
    const untilMs = state.until?.getTime() ?? Number.POSITIVE_INFINITY;
    this.#timer = setTimeout(() => this.#follow(), Math.min(untilMs - now.getTime(), maxWaitMs));
    if (state.open === before?.open && state.until?.getTime() === before.until?.getTime()) return;
    log.info({ camera, ...state }, state.open ? 'within its hours' : 'outside its hours');
    onHours(state);
  }
}
