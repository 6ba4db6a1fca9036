/**
 * A worker board in a process to be killed: the real PoolWorker, with a fake engine that takes a given time.
 * Started by pool.ts, with its settings as JSON. Writes `ready`, then `begun ID` and `ended ID` for each image.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Description } from '../../src/domain/observation.ts';
import { PoolWorker } from '../../src/mqtt/pool/worker.ts';
import type { DescribeRequest, Describer } from '../../src/pipeline/ports.ts';
import { openBroker } from '../test/broker-address.ts';

export interface WorkerSettings {
  readonly url: string;
  readonly pool: string;
  readonly device: string;
  /** What the engine takes for an image. */
  readonly engineMs: number;
  readonly workingEveryMs: number;
}

const settings: WorkerSettings = JSON.parse(process.argv[2]!);
const { url, pool, device, engineMs, workingEveryMs } = settings;
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (fields: object, message: string): void =>
  void process.stderr.write(`${device}: ${message} ${JSON.stringify(fields)}\n`);

/** Replays a recorded answer, whatever the picture. */
const recorded: Describer = {
  ready: async () => {},
  async describe({ prompt }: DescribeRequest, signal: AbortSignal): Promise<Description> {
    print(`begun ${prompt}`);
    await sleep(engineMs, undefined, { signal });
    print(`ended ${prompt}`);
    return {
      text: 'a white square at the top right and a green triangle at the bottom',
      answers: {},
      finishReason: 'stop',
      timings: { packMs: 0, encodeMs: 0, prefillMs: 0, generateMs: engineMs },
      tokens: { image: 576, imageOmitted: 0, prompt: 20, completion: 15, drafted: 0, accepted: 0 },
      model: { name: 'recorded', quant: 'none', build: 'none' },
    };
  },
};

const worker = new PoolWorker({
  broker: {
    ...openBroker(url),
    reconnect: { firstMs: 50, maxMs: 200, stableMs: 1000 },
  },
  pool,
  device,
  describer: recorded,
  prompt: 'none',
  maxInFlight: 1,
  maxImageBytes: 1 << 20,
  workingEveryMs,
  log: {
    debug: () => {},
    info: (_fields, message) => {
      if (message === 'accepting images for the pool') print('ready');
    },
    warn: complain,
    error: complain,
  },
});
await worker.start();
