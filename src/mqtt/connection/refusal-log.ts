import { messageOf } from '../../domain/errors.ts';
import type { Log } from '../../pipeline/ports.ts';
import { PublishError } from './publish-error.ts';

/** Logs messages that the broker refuses, once for each topic and reason. */
export class RefusalLog {
  readonly #log: Log;
  readonly #logged = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param error of `BrokerLink.publish`; lost connections are ignored, as they are logged elsewhere. */
  log(topic: string, error: unknown): void {
    if (error instanceof PublishError && error.code === 'lost') return;
    const reason = messageOf(error);
    const key = `${topic} ${reason}`;
    if (this.#logged.has(key)) return;
    this.#logged.add(key);
    this.#log.error({ topic, reason }, 'not published');
  }
}
