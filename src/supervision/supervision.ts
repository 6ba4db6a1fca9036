import { type Heartbeat, stuckLoops } from '../domain/heartbeat.ts';
import type { Log } from '../pipeline/ports.ts';
import type { NotifyEnvironment } from './notify-environment.ts';
import { type Report, SdNotify } from './sd-notify.ts';

export interface SupervisionOptions {
  readonly environment: NotifyEnvironment;
  readonly log: Log;
  /** The loops that must all make progress. */
  readonly heartbeats: () => readonly Heartbeat[];
  /** One line for `systemctl status`. */
  readonly status: (stuck: readonly string[]) => string;
}

/** More often than the watchdog needs: a busy board may delay us for most of its time. */
const maxTickMs = 5000;

/**
 * The daemon's side of systemd: readiness, status, and watchdog messages as long as every loop makes progress. A blocked
 * event loop sends none.
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

  /** Reports that the daemon is ready, and starts to feed the watchdog. */
  ready(): void {
    const { watchdogMs } = this.#options.environment;
    const tickMs = watchdogMs === null ? maxTickMs : Math.min(maxTickMs, watchdogMs / 2);
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#tick({ READY: '1' });
  }

  /** Reports that the daemon is stopping: from now on systemd's stop timeout applies, not the watchdog's. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#notify.send({ STOPPING: '1', STATUS: 'stopping' });
  }

  #tick(report: Report = {}): void {
    const { heartbeats, status, log } = this.#options;
    const stuck = stuckLoops(heartbeats(), performance.now());
    const names = stuck.join(', ');
    if (names !== this.#stuck && names !== '') log.error({ stuck }, 'stuck; watchdog not fed');
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
