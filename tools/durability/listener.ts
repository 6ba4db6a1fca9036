import { once } from 'node:events';
import { connect, type MqttClient } from 'mqtt';
import { type DescriptionPayload, descriptionSchema } from '../../src/contract/payloads.ts';
import { topicsOf } from '../../src/contract/topics.ts';

/** What a subscriber with a persistent session has heard of one description. */
export interface Heard {
  /** Its payload, but for published_at. */
  readonly content: string;
  times: number;
  /** Times that its payload was another. */
  different: number;
}

/** Subscribes with a session that the broker keeps, and subscribes again where the broker has lost it; from start to end. */
export class Listener {
  readonly heard = new Map<string, Heard>();
  /** The ids in the order in which they were first heard. */
  readonly order: string[] = [];
  faulty = 0;
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on('connect', ({ sessionPresent }) => {
      if (!sessionPresent) client.subscribe(topicsOf('durability').description('+'), { qos: 1 });
    });
    client.on('error', () => {});
    client.on('message', (_topic, payload) => this.#hear(payload.toString('utf8')));
  }

  static async start(url: string): Promise<Listener> {
    const client = connect(url, {
      clientId: 'durability-listener',
      clean: false,
      protocolVersion: 5,
      properties: { sessionExpiryInterval: 86_400 },
      reconnectPeriod: 50,
      resubscribe: false,
    });
    const listener = new Listener(client);
    await once(client, 'connect');
    return listener;
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true);
  }

  #hear(text: string): void {
    let payload: DescriptionPayload;
    try {
      payload = descriptionSchema.parse(JSON.parse(text));
    } catch {
      this.faulty++;
      return;
    }
    const { published_at, ...rest } = payload;
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
