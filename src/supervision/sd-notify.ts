import { messageOf } from '../domain/errors.ts';
import type { Log } from '../pipeline/ports.ts';
import { loadSdNotifyAddon } from './sd-notify-addon.ts';

/** Fields of a notification, see sd_notify(3). */
export interface Report {
  readonly READY?: '1';
  readonly STOPPING?: '1';
  readonly WATCHDOG?: '1';
  /** One line for a person. */
  readonly STATUS?: string;
}

/** Notifies systemd. What cannot be sent goes with the next notification, except a late watchdog message. */
export class SdNotify {
  readonly #socket: string;
  readonly #log: Log;
  #unsent: Report = {};
  #hasFailed = false;

  constructor(socket: string, log: Log) {
    this.#socket = socket;
    this.#log = log;
  }

  send(report: Report): void {
    const whole = { ...this.#unsent, ...report };
    try {
      loadSdNotifyAddon().send(this.#socket, linesOf(whole));
      this.#unsent = {};
    } catch (error) {
      const { WATCHDOG: _, ...later } = whole;
      this.#unsent = later;
      if (!this.#hasFailed) this.#log.warn({ reason: messageOf(error) }, 'sd_notify failed');
      this.#hasFailed = true;
    }
  }
}

function linesOf(report: Report): string {
  // A value ends with its line.
  return Object.entries(report)
    .map(([name, value]) => `${name}=${value.replace(/\s+/g, ' ')}\n`)
    .join('');
}
