import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';

export interface Received {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
}

/** A subscriber that records everything it receives. */
export class Subscriber {
  readonly received: Received[] = [];
  readonly client: MqttClient;

  private constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, payload, { retain }) => {
      this.received.push({ topic, payload: payload.toString('utf8'), retain });
    });
  }

  static async start(url: string, filter = '#', options: IClientOptions = {}): Promise<Subscriber> {
    const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 200, ...options });
    const subscriber = new Subscriber(client);
    await subscriber.client.subscribeAsync(filter, { qos: 1 });
    return subscriber;
  }

  /** Payloads of one topic, parsed, in order of arrival. */
  // biome-ignore lint/suspicious/noExplicitAny: tests inspect any payload
  json(topic: string): any[] {
    return this.received
      .filter((message) => message.topic === topic)
      .map(({ payload }) => JSON.parse(payload));
  }

  async close(): Promise<void> {
    await this.client.endAsync(true);
  }
}
