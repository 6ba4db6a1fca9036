import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type IPublishPacket, type MqttClient } from 'mqtt';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';
import { type WorkAnswerPayload, workAnswerSchema } from '../../src/contract/work.ts';
import type { Description } from '../../src/domain/observation.ts';
import { PoolDescriber, type PoolDescriberOptions } from '../../src/mqtt/pool/describer.ts';
import { PoolWorker, type PoolWorkerOptions } from '../../src/mqtt/pool/worker.ts';
import type { DescribeRequest, Describer } from '../../src/pipeline/ports.ts';
import { openBroker } from '../../tools/test/broker-address.ts';
import { LogLines } from './log-lines.ts';
import { until } from './until.ts';

const brokerAt = (url: string) => ({
  ...openBroker(url),
  reconnect: { firstMs: 50, maxMs: 200, stableMs: 1000 },
});

/** An engine that answers with its prompt after some time. */
export class RecordedEngine implements Describer {
  readonly asked: DescribeRequest[] = [];
  fault: Error | null = null;
  ms: number;
  constructor(ms = 0) {
    this.ms = ms;
  }
  /** Until it may answer. */
  held: Promise<void> = Promise.resolve();
  /** Until it is back. */
  restart: Promise<void> = Promise.resolve();
  ready(): Promise<void> {
    return this.restart;
  }
  async describe(request: DescribeRequest, signal: AbortSignal): Promise<Description> {
    this.asked.push(request);
    await sleep(this.ms, undefined, { signal });
    await this.held;
    if (this.fault) throw this.fault;
    return {
      text: `seen: ${request.prompt}`,
      answers: Object.fromEntries(request.questions.map(({ name }) => [name, true])),
      finishReason: 'stop',
      timings: { packMs: 1, encodeMs: 2, prefillMs: 3, generateMs: 4 },
      tokens: { image: 5, imageOmitted: 9, prompt: 6, completion: 7, drafted: 0, accepted: 0 },
      model: { name: 'recorded', quant: 'none', build: 'none' },
    };
  }
}

export interface RunningWorker {
  readonly worker: PoolWorker;
  readonly engine: RecordedEngine;
  readonly log: LogLines;
}

/** A worker that has subscribed; closed when the test ends. */
export async function startWorker(
  url: string,
  { engine = new RecordedEngine(), ...extra }: Partial<PoolWorkerOptions> & { engine?: RecordedEngine } = {},
): Promise<RunningWorker> {
  const log = new LogLines();
  const worker = new PoolWorker({
    broker: brokerAt(url),
    pool: 'boards',
    device: 'orion',
    describer: engine,
    prompt: 'Describe the scene.',
    maxInFlight: 1,
    maxImageBytes: 1 << 20,
    log,
    ...extra,
  });
  onTestFinished(() => worker.close());
  await worker.start();
  await until(() => log.of('accepting images for the pool').length > 0);
  return { worker, engine, log };
}

/** A sender of device `porch-board` that receives answers; closed when the test ends. */
export async function startSender(
  url: string,
  extra: Partial<PoolDescriberOptions> = {},
): Promise<{ pool: PoolDescriber; log: LogLines }> {
  const log = new LogLines();
  const pool = new PoolDescriber({
    broker: brokerAt(url),
    device: 'porch-board',
    pool: null,
    concurrency: 4,
    deadlineMs: 20_000,
    fallback: null,
    log,
    ...extra,
  });
  onTestFinished(() => pool.close());
  await pool.start();
  await until(() => log.of('sending to the pool').length > 0);
  return { pool, log };
}

export interface Answer {
  readonly payload: WorkAnswerPayload;
  readonly packet: IPublishPacket;
}

/** A client that sends images by hand, and waits for answers on `shop/answers`. */
export class Customer {
  readonly answers: Answer[] = [];
  readonly client: MqttClient;
  private constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (_topic, payload, packet) => {
      this.answers.push({ payload: workAnswerSchema.parse(JSON.parse(payload.toString())), packet });
    });
  }

  static async start(url: string): Promise<Customer> {
    const customer = new Customer(await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 }));
    onTestFinished(() => void customer.client.end(true));
    await customer.client.subscribeAsync('shop/answers', { qos: 1 });
    return customer;
  }

  /** Publishes. @returns the first answer with its correlation data */
  async send(
    payload: Buffer | string,
    userProperties: Record<string, string> = {},
    properties: IPublishPacket['properties'] = {},
  ): Promise<Answer> {
    const correlationData = Buffer.from(randomUUID());
    await this.client.publishAsync('scenecast/work/shop/shelf', payload, {
      qos: 1,
      properties: {
        ...{ responseTopic: 'shop/answers', correlationData, ...properties },
        // Without one, MQTT.js sends a malformed packet.
        ...(Object.keys(userProperties).length > 0 && { userProperties }),
      },
    });
    const find = (): Answer | undefined =>
      this.answers.find(({ packet }) => packet.properties?.correlationData?.equals(correlationData));
    await until(() => find() !== undefined);
    return find()!;
  }
}

export function jpegOf(width = 32, height = 24): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: 'teal' } })
    .jpeg()
    .toBuffer();
}
