import { expect, onTestFinished, test } from 'vitest';
import { healthSchema } from '../../src/contract/health-payload.ts';
import { infoSchema } from '../../src/contract/info.ts';
import { answerSchema, descriptionSchema, observationSchema } from '../../src/contract/payloads.ts';
import { Daemon } from '../../tools/test/daemon.ts';
import { Mosquitto } from '../../tools/test/mosquitto.ts';
import { Subscriber } from '../../tools/test/subscriber.ts';
import { until } from '../../tools/test/until.ts';

const base = 'scenecast/e2e';
const demo = { path: 'models/demo', threads: 1, max_tokens: 64 };

/** The demo model twice, and a camera whose scene changes every few looks. */
async function start(): Promise<{ daemon: Daemon; subscriber: Subscriber }> {
  const broker = await Mosquitto.start();
  const subscriber = await Subscriber.start(broker.url);
  onTestFinished(async () => {
    await subscriber.close();
    await broker.close();
  });
  const daemon = new Daemon({
    device: 'e2e',
    mqtt: { url: broker.url, commands: { ask: true } },
    health_interval: '1s',
    model: undefined,
    models: { quick: demo, thorough: demo },
    cameras: {
      drawn: {
        source: { type: 'scene', seed: 900_000, size: '336x336', every: '5s' },
        interval: '1s',
        questions: {
          count: { ask: 'How many shapes are there?', type: 'integer', max: 9 },
          background: { ask: 'What colour is the background?', model: 'thorough' },
        },
      },
    },
  });
  return { daemon, subscriber };
}

const loaded = (daemon: Daemon, role: string) =>
  daemon.log.find((line) => line.msg === 'model loaded' && line.role === role);

test('the quick model answers every look, the thorough one describes changes, each observation is made by one', async () => {
  const { daemon, subscriber } = await start();
  const observations = () =>
    subscriber.json(`${base}/drawn/observation`).map((payload) => observationSchema.parse(payload));
  const described = () => observations().filter(({ description }) => description !== null);
  await until(() => described().length >= 3 && observations().length >= 12, 150_000);

  for (const observation of observations()) {
    const { description, summary, prompt, finish_reason, answers } = observation;
    if (description === null) {
      expect([summary, prompt, finish_reason]).toEqual([null, null, null]);
      expect(Object.keys(answers)).toEqual(['count']);
      expect(answers['count']).toBeTypeOf('number');
    } else {
      expect(prompt).toBe('default');
      expect(Object.keys(answers)).toEqual(['background']);
    }
  }
  const answered = observations().length - described().length;
  expect(answered).toBeGreaterThanOrEqual(described().length);
  expect(new Set(observations().map(({ id }) => id)).size).toBe(observations().length);

  // The state is the newest of each: a look that was only answered leaves the description as it is.
  for (const payload of subscriber.json(`${base}/drawn/description`)) descriptionSchema.parse(payload);
  for (const question of ['count', 'background'])
    answerSchema.parse(subscriber.json(`${base}/drawn/answer/${question}`).at(-1));

  const info = infoSchema.parse(subscriber.json(`${base}/info`).at(-1));
  expect(info.models).toMatchObject({
    quick: { model: info.model, plan: { threads: 1 } },
    thorough: { model: info.model, plan: { threads: 1 } },
  });
  // Without descriptions, a smaller context does.
  expect(Number(info.models!.quick.plan['context_size'])).toBeLessThanOrEqual(
    Number(info.models!.thorough.plan['context_size']),
  );
  await until(() => subscriber.json(`${base}/health`).at(-1)?.models?.thorough?.timing_ms !== undefined);
  const health = healthSchema.parse(subscriber.json(`${base}/health`).at(-1));
  expect(health.models!.quick.timing_ms!.p50).toBeGreaterThan(0);
  expect(health.memory!.engine_bytes).toBeGreaterThan(0);

  const ask = { question: { ask: 'Is there a circle?', type: 'boolean' }, transaction: 'x' };
  await subscriber.client.publishAsync(`${base}/request/ask`, JSON.stringify(ask));
  await until(() => subscriber.json(`${base}/response/ask`).length > 0, 60_000);
  expect(subscriber.json(`${base}/response/ask`)).toMatchObject([{ status: 'ok', transaction: 'x' }]);
  await subscriber.client.publishAsync(`${base}/request/describe`, '{}');
  await until(() => subscriber.json(`${base}/response/describe`).length > 0, 60_000);
  const response = subscriber.json(`${base}/response/describe`)[0];
  expect(response.status).toBe('ok');
  expect(Object.keys(response.data.answers).toSorted()).toEqual(['background', 'count']);

  const { code } = await daemon.end('SIGTERM');
  expect(daemon.stderr).toBe('');
  expect(code).toBe(0);
}, 300_000);

test.each(['quick', 'thorough'])(
  'if the %s engine is killed, the other goes on, and it is restarted',
  async (name) => {
    const { daemon, subscriber } = await start();
    const ends = (wanted: boolean): number =>
      subscriber
        .json(`${base}/drawn/observation`)
        .filter(({ description }) => ((description === null) === (name === 'quick')) === wanted).length;
    await until(() => ends(true) > 0 && ends(false) > 0, 150_000);
    const other = name === 'quick' ? 'thorough' : 'quick';
    process.kill(loaded(daemon, name).pid, 'SIGKILL');
    const before = ends(false);
    await until(() => ends(false) >= before + 2, 100_000);
    await until(
      () => daemon.log.some((line) => line.msg === 'engine restarted' && line.role === name),
      100_000,
    );
    const killed = ends(true);
    await until(() => ends(true) > killed, 100_000);
    expect(daemon.log.some((line) => line.msg === 'engine exited; restarting' && line.role === other)).toBe(
      false,
    );
  },
  400_000,
);
