import { expect, onTestFinished, test } from 'vitest';
import { eventSchema, observationSchema } from '../../src/contract/payloads.ts';
import { DrawnTruths } from '../../tools/demo/drawn-truths.ts';
import { Daemon } from '../../tools/test/daemon.ts';
import { Mosquitto } from '../../tools/test/mosquitto.ts';
import { Subscriber } from '../../tools/test/subscriber.ts';
import { until } from '../../tools/test/until.ts';

const drawn = {
  source: { type: 'scene', seed: 900_000, size: '336x336', every: '3s' },
  interval: '500ms',
  questions: { count: { ask: 'How many shapes are there?' } },
};

/** Two daemons and two models at once take long on a busy machine. */
const patienceMs = 240_000;

async function startBroker(): Promise<{ mqtt: { url: string }; subscriber: Subscriber }> {
  const broker = await Mosquitto.start();
  const subscriber = await Subscriber.start(broker.url, 'scenecast/+/drawn/#');
  onTestFinished(async () => {
    await subscriber.close();
    await broker.close();
  });
  return { mqtt: { url: broker.url }, subscriber };
}

test(
  'a worker board describes the frames of a board without a model',
  async () => {
    const { mqtt, subscriber } = await startBroker();
    const worker = new Daemon({ device: 'orion', mqtt, work: { pool: 'boards' } });
    await until(() => worker.log.some(({ msg }) => msg === 'accepting images for the pool'), patienceMs);
    const sender = new Daemon({
      ...{ device: 'porch-board', mqtt, engine: 'pool', cameras: { drawn } },
      work: { sending: { pool: 'boards', deadline: '60s', fallback: 'expire' } },
    });
    const descriptions = (): unknown[] => subscriber.json('scenecast/porch-board/drawn/observation');
    await until(() => descriptions().length >= 5, patienceMs);

    const truths = new DrawnTruths(900_000, '336x336');
    let right = 0;
    for (const payload of descriptions().slice(0, 5)) {
      const { description, answers, image } = observationSchema.parse(payload);
      const truth = await truths.find(image.sha256);
      expect(truth, 'the picture is one that was drawn').toBeDefined();
      if (truth?.caption === description && truth.questions[0]?.answer === answers['count']) right++;
    }
    expect(right).toBeGreaterThanOrEqual(4);
    expect(sender.log.filter(({ msg }) => msg === 'model loaded')).toEqual([]);
    expect(worker.log.filter(({ msg }) => msg === 'described for the pool').length).toBeGreaterThanOrEqual(5);

    // The worker, stopped while describing, exits cleanly, and so does the sender, stopped while waiting.
    expect((await worker.end()).code).toBe(0);
    expect((await sender.end()).code).toBe(0);
    expect([worker.stderr, sender.stderr]).toEqual(['', '']);
  },
  3 * patienceMs,
);

test(
  'without a worker, frames expire or are described by the local engine',
  async () => {
    const { mqtt, subscriber } = await startBroker();
    const boards = Object.fromEntries(
      (['expire', 'own'] as const).map((fallback) => [
        fallback,
        new Daemon({
          ...{ device: fallback, mqtt, engine: 'pool', cameras: { drawn } },
          work: { sending: { deadline: '1s', fallback } },
        }),
      ]),
    );
    const ends = (device: string): { type: string; reason: string | null }[] =>
      subscriber
        .json(`scenecast/${device}/drawn/event`)
        .map((payload) => eventSchema.parse(payload))
        .filter(({ type }) => type !== 'captured');
    const isLate = ({ type, reason }: { type: string; reason: string | null }): boolean =>
      type === 'expired' && /no board of the pool described it within 1000 ms/.test(reason ?? '');
    await until(() => ends('expire').some(isLate), patienceMs);
    expect(ends('expire').filter(({ type }) => type === 'described' || type === 'failed')).toEqual([]);
    await until(() => ends('own').some(({ type }) => type === 'described'), patienceMs);
    for (const daemon of Object.values(boards)) expect((await daemon.end()).code).toBe(0);
  },
  3 * patienceMs,
);
