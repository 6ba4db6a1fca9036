import { connectAsync, type MqttClient } from 'mqtt';
import { topicsOf } from '../../src/contract/topics.ts';
import { workAnswerSchema } from '../../src/contract/work.ts';

/** Subscribes to the workers' answers beside the sender, and counts them. */
export class Answers {
  /** By id, in order of arrival: the worker, and the digest of the image. */
  readonly described = new Map<string, { readonly worker: string; readonly sha256: string }[]>();
  refusals = 0;
  faults = 0;
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on('message', (_topic, payload) => {
      const answer = workAnswerSchema.parse(JSON.parse(payload.toString()));
      if (answer.status === 'ok') {
        const { id, worker, image } = answer.data;
        this.described.set(id, [...(this.described.get(id) ?? []), { worker, sha256: image.sha256 }]);
      } else if (answer.status === 'error') {
        if (answer.error.code === 'busy') this.refusals++;
        else this.faults++;
      }
    });
  }

  static async start(url: string, device: string): Promise<Answers> {
    const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 });
    const answers = new Answers(client);
    await client.subscribeAsync(topicsOf(device).response('work'), { qos: 1 });
    return answers;
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true);
  }
}
