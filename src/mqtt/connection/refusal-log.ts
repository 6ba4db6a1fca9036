import { messageOf } from '../../domain/errors.ts';
import type { Log } from '../../pipeline/ports.ts';
import { PublishError } from './publish-error.ts';

/** Tells of messages that the broker does not take: once for each topic and reason. */
export class RefusalLog {
  readonly #log: Log;
  readonly #told = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** An error of `BrokerLink.publish`; that of a connection that ended is told elsewhere. */
  tell(topic: string, error: unknown): void {
    if (error instanceof PublishError && error.fault === 'lost') return;
    const reason = messageOf(error);
    const key = `${topic} ${reason}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#log.error({ topic, reason }, 'not published');
  }
}
