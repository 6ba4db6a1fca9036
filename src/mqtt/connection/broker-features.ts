import { codeOf } from '../../domain/errors.ts';
import type { Log } from '../../pipeline/ports.ts';
import type { Ending } from './ending.ts';

/** What the broker lacks, learnt from its refusals; remembered as long as the daemon runs. */
export class BrokerFeatures {
  readonly #log: Log;
  readonly #url: string;
  readonly #needsMqtt5: boolean;
  #protocolVersion: 4 | 5 = 5;
  #isVersionProven = false;
  #willRetain = true;
  #willQos: 0 | 1 = 1;

  constructor(url: string, needsMqtt5: boolean, log: Log) {
    this.#url = url;
    this.#needsMqtt5 = needsMqtt5;
    this.#log = log;
  }

  /** 5, or 4 for MQTT 3.1.1. */
  get protocolVersion(): 4 | 5 {
    return this.#protocolVersion;
  }

  /** Some brokers do not support retained messages or QoS 1, and refuse a last will with them. */
  get will(): { readonly retain: boolean; readonly qos: 0 | 1 } {
    return { retain: this.#willRetain, qos: this.#willQos };
  }

  /** The broker has accepted a connection. */
  connected(): void {
    if (this.#protocolVersion === 4 && !this.#isVersionProven)
      this.#log.info({ url: this.#url }, 'broker does not support MQTT 5; using 3.1.1');
    this.#isVersionProven = true;
  }

  /** Drops what the broker refused. @returns whether to connect again at once. */
  learn({ error, connectedMs }: Ending): boolean {
    if (connectedMs > 0) return false;
    const code = codeOf(error);
    if (!this.#needsMqtt5 && this.#lacksMqtt5(error, code)) {
      // Closed with both versions: the broker may be starting, or it is none. The next attempt begins with 5 again.
      this.#protocolVersion = this.#protocolVersion === 5 ? 4 : 5;
      return this.#protocolVersion === 4;
    }
    if (this.#willRetain && code === 0x9a) {
      this.#log.warn(
        { url: this.#url },
        'broker does not support retained messages; late subscribers see no state',
      );
      this.#willRetain = false;
      return true;
    }
    if (this.#willQos === 1 && code === 0x9b) {
      this.#log.warn({ url: this.#url }, 'broker supports only QoS 0; lost messages are not sent again');
      this.#willQos = 0;
      return true;
    }
    return false;
  }

  /** Brokers without MQTT 5 should say so in their CONNACK; some close the connection instead (RabbitMQ before 3.13). */
  #lacksMqtt5(error: Error | null, code: string | number | undefined): boolean {
    if (this.#protocolVersion === 5 && (code === 1 || code === 0x84)) return true;
    return !this.#isVersionProven && (error === null || code === 'ECONNRESET');
  }
}
