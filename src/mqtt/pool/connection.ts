import type { Log } from '../../pipeline/ports.ts';
import { BrokerConnection, type BrokerConnectionOptions } from '../connection/broker-connection.ts';
import type { BrokerLink } from '../connection/broker-link.ts';
import type { ConnectFilePaths } from '../connection/connect-files.ts';

/** The broker, as everything that connects to it has it. */
export interface BrokerAddress
  extends ConnectFilePaths,
    Pick<BrokerConnectionOptions, 'url' | 'username' | 'keepaliveMs' | 'reconnect'> {}

const publishTimeoutMs = 15_000;

/** A connection for images alone, of MQTT 5: so that they hold up nothing else. */
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

/** The connection that there is, or else the next one. */
export class UsableLink {
  #next = Promise.withResolvers<BrokerLink>();

  /** Resolves when there is one. */
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
