import { connectAsync, type MqttClient } from 'mqtt';

/** Messages from the daemon. */
export class Watcher {
  described = 0;
  /** Of these, those of the camera without commands. */
  watched = 0;
  responses = 0;
  status = '';
  readonly client: MqttClient;
  private constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, payload) => {
      if (topic.endsWith('/observation')) {
        this.described++;
        if (topic.endsWith('/watched/observation')) this.watched++;
      } else if (topic.endsWith('/status')) this.status = payload.toString();
      else this.responses++;
    });
  }

  static async start(url: string, device: string): Promise<Watcher> {
    const watcher = new Watcher(await connectAsync(url, { protocolVersion: 5 }));
    const base = `scenecast/${device}`;
    const topics = [`${base}/+/observation`, `${base}/status`, `${base}/response/+`, 'flood/#'];
    await watcher.client.subscribeAsync(topics, { qos: 1 });
    return watcher;
  }
}
