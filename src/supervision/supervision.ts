import { type Heartbeat, stuckLoops } from '../domain/heartbeat.ts';
import type { Log } from '../pipeline/ports.ts';
import type { NotifyEnvironment } from './notify-environment.ts';
import { type Report, SdNotify } from './sd-notify.ts';

export interface SupervisionOptions {
  readonly environment: NotifyEnvironment;
  readonly log: Log;
  /** The loops that must all get on. */
  readonly heartbeats: () => readonly Heartbeat[];
  /** One line for `systemctl status`. */
  readonly status: (stuck: readonly string[]) => string;
}

/** More often than the watchdog asks for: a busy board may hold us up for most of its time, and is forgiven. */
const longestTickMs = 5000;

/**
 * The daemon's side of systemd: when it is ready, how it does, and a sign of life for the watchdog as long as every loop gets
 * on. An event loop that is blocked gives none by nature.
 */
export class Supervision {
  readonly #options: SupervisionOptions;
  readonly #notify: SdNotify;
  #timer: NodeJS.Timeout | undefined;
  #status = '';
  #stuck = '';

  constructor(options: SupervisionOptions) {
    this.#options = options;
    this.#notify = new SdNotify(options.environment.socket, options.log);
  }

  /** The daemon is ready; from now on it is watched. */
  ready(): void {
    const { watchdogMs } = this.#options.environment;
    const tickMs = watchdogMs === null ? longestTickMs : Math.min(longestTickMs, watchdogMs / 2);
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#tick({ READY: '1' });
  }

  /** The daemon stops; systemd's time limit for that holds from now on, and not the watchdog. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#notify.send({ STOPPING: '1', STATUS: 'stopping' });
  }

  #tick(report: Report = {}): void {
    const { heartbeats, status, log } = this.#options;
    const stuck = stuckLoops(heartbeats(), performance.now());
    const names = stuck.join(', ');
    if (names !== this.#stuck && names !== '') log.error({ stuck }, 'stuck: the watchdog is not fed');
    else if (names !== this.#stuck) log.warn({ was: this.#stuck }, 'no longer stuck');
    this.#stuck = names;
    const line = status(stuck);
    this.#notify.send({
      ...report,
      ...(names === '' && { WATCHDOG: '1' }),
      ...(line !== this.#status && { STATUS: line }),
    });
    this.#status = line;
  }
}
