import type { Log } from '../../pipeline/ports.ts';
import { BrokerConnection, type BrokerConnectionOptions } from '../connection/broker-connection.ts';
import type { BrokerLink } from '../connection/broker-link.ts';
import type { ConnectFilePaths } from '../connection/connect-files.ts';

/** The options that all connections to the broker share. */
export interface BrokerAddress
  extends ConnectFilePaths,
    Pick<BrokerConnectionOptions, 'url' | 'username' | 'keepaliveMs' | 'reconnect'> {}

const publishTimeoutMs = 15_000;

/** A separate MQTT 5 connection for images, so that they do not delay other messages. */
export function poolConnection(
  broker: BrokerAddress,
  own: Pick<BrokerConnectionOptions, 'clientId' | 'intake'>,
  log: Log,
  onLink: (link: BrokerLink) => void,
): BrokerConnection {
  return new BrokerConnection({
    ...broker,
    ...own,
    will: null,
    needsMqtt5: true,
    publishTimeoutMs,
    log,
    onLink,
  });
}

/** The current connection, or else the next one. */
export class UsableLink {
  #next = Promise.withResolvers<BrokerLink>();

  /** Resolves with the current connection, or when there is one. */
  get next(): Promise<BrokerLink> {
    return this.#next.promise;
  }

  use(link: BrokerLink): void {
    if (link.ended.aborted) return;
    this.#next.resolve(link);
    const forget = (): void => {
      this.#next = Promise.withResolvers();
    };
    link.ended.addEventListener('abort', forget, { once: true });
  }
}
