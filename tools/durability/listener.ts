import { connect, type MqttClient } from 'mqtt';
import { type ObservationPayload, observationSchema } from '../../src/contract/payloads.ts';
import { topicsOf } from '../../src/contract/topics.ts';

/** What a subscriber with a persistent session has received of one observation. */
export interface Heard {
  /** Its payload without what is of the sending. */
  readonly content: string;
  times: number;
  /** How often its payload differed. */
  different: number;
}

const reconnectMs = 50;

/**
 * Subscribes with a persistent session, and again if the broker has lost it. It disconnects occasionally, so that the
 * broker holds messages for it, which a kill then makes the broker lose.
 */
export class Listener {
  readonly heard = new Map<string, Heard>();
  /** The ids in the order of first receipt. */
  readonly order: string[] = [];
  faulty = 0;
  naps = 0;
  readonly #client: MqttClient;
  #napTimer: NodeJS.Timeout | null = null;

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on('connect', ({ sessionPresent }) => {
      if (!sessionPresent) client.subscribe(topicsOf('+').observation('+'), { qos: 1 });
    });
    client.on('error', () => {});
    client.on('reconnect', () => {
      client.options.reconnectPeriod = reconnectMs;
    });
    client.on('message', (_topic, payload) => this.#hear(payload.toString('utf8')));
  }

  static async start(url: string): Promise<Listener> {
    const client = connect(url, {
      clientId: 'durability-listener',
      clean: false,
      protocolVersion: 5,
      properties: { sessionExpiryInterval: 86_400 },
      reconnectPeriod: reconnectMs,
      resubscribe: false,
    });
    const listener = new Listener(client);
    // Subscribed before anything is published.
    await new Promise<void>((resolve) => {
      client.once('packetreceive', function first(packet) {
        if (packet.cmd === 'suback') resolve();
        else client.once('packetreceive', first);
      });
    });
    return listener;
  }

  /** From now on it disconnects repeatedly, for up to `maxMs` each time. */
  takeNaps(maxMs: number, random: () => number): void {
    this.#napTimer = setTimeout(
      () => {
        if (this.#client.connected) {
          this.naps++;
          this.#client.options.reconnectPeriod = Math.round(reconnectMs + random() * (maxMs - reconnectMs));
          this.#client.stream.destroy();
        }
        this.takeNaps(maxMs, random);
      },
      200 + random() * 600,
    );
  }

  /** Stops disconnecting. */
  wakeUp(): void {
    if (this.#napTimer) clearTimeout(this.#napTimer);
  }

  async close(): Promise<void> {
    this.wakeUp();
    await this.#client.endAsync(true);
  }

  #hear(text: string): void {
    let payload: ObservationPayload;
    try {
      payload = observationSchema.parse(JSON.parse(text));
    } catch {
      this.faulty++;
      return;
    }
    const { published_at, late, ...rest } = payload;
    const content = JSON.stringify(rest);
    const known = this.heard.get(payload.id);
    if (!known) {
      this.heard.set(payload.id, { content, times: 1, different: 0 });
      this.order.push(payload.id);
      return;
    }
    known.times++;
    if (known.content !== content) known.different++;
  }
}
