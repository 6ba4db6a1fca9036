import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { observationSchema } from '../../src/contract/payloads.ts';
import { Daemon } from '../../tools/test/daemon.ts';
import { Mosquitto } from '../../tools/test/mosquitto.ts';
import { Subscriber } from '../../tools/test/subscriber.ts';
import { until } from '../../tools/test/until.ts';

const base = 'scenecast/cases/drawn';
const patienceMs = 150_000;

test('a broker that was away gets the newest answer once, and every observation on the stream, in order', async () => {
  const broker = await Mosquitto.start();
  const subscriber = await Subscriber.start(broker.url, `${base}/#`);
  onTestFinished(async () => {
    await subscriber.close();
    await broker.close();
  });
  const daemon = new Daemon({
    device: 'cases',
    mqtt: { url: broker.url, late_after: '3s' },
    cameras: {
      drawn: {
        source: { type: 'scene', size: '336x336', every: '1s' },
        interval: '1s',
        gate: { enabled: false },
        questions: { circle: { ask: 'Is there a circle?', type: 'boolean' } },
      },
    },
  });
  const stream = () => subscriber.json(`${base}/observation`).map((one) => observationSchema.parse(one));
  await until(() => stream().length >= 2, patienceMs);
  await until(() => subscriber.json(`${base}/vision`).at(-1)?.state === 'current');

  await broker.down();
  const received = subscriber.received.length;
  const described = (): number => daemon.log.filter(({ msg }) => msg === 'described').length;
  const earlier = described();
  await sleep(5000);
  await until(() => described() > earlier + 5, patienceMs);
  await broker.up();
  const connections = (): number[] =>
    daemon.log.flatMap(({ msg }, index) => (msg === 'connected to the broker' ? [index] : []));
  await until(() => connections().length === 2, patienceMs);
  const logged = (until?: number): string[] =>
    daemon.log.slice(0, until).flatMap(({ msg, id }) => (msg === 'described' ? [id] : []));
  const before = logged(connections()[1]);
  const during = before.length - new Set(stream().map(({ id }) => id)).size;
  expect(during, 'descriptions while the broker was away').toBeGreaterThan(2);
  // The outbox waits 15 s before it sends again what the broker may have lost.
  const arrived = (): string[] => [...new Set(stream().map(({ id }) => id))];
  await until(() => before.every((id) => arrived().includes(id)), patienceMs);

  // State: what is so now, once, and then what comes next. The last one before the connection may not have been stored yet.
  const state = subscriber.received.slice(received).filter(({ topic }) => /description|circle/.test(topic));
  const messages = state.map(({ topic, payload }) => [topic.replace(`${base}/`, ''), JSON.parse(payload).id]);
  const [, first] = messages[0]!;
  expect(before.slice(-2)).toContain(first);
  const shown = [...new Set(messages.map(([, id]) => id))];
  expect(shown).toEqual(logged().slice(logged().indexOf(first)).slice(0, shown.length));
  const inOrder = shown.flatMap((id) => [
    ['description', id],
    ['answer/circle', id],
  ]);
  expect(messages).toEqual(inOrder.slice(0, messages.length));
  const answer = subscriber.json(`${base}/answer/circle`).find(({ id }) => id === first);
  expect(answer).toMatchObject({ value: stream().find(({ id }) => id === first)?.answers['circle'] });

  // Stream: all of it, in order, late ones marked.
  expect(arrived()).toEqual(logged().slice(0, arrived().length));
  for (const { captured_at, published_at, late } of stream())
    expect(late === true).toBe(Date.parse(published_at) - Date.parse(captured_at) > 3000);
  expect(
    stream().filter(({ id, late }) => late && before.slice(-during).includes(id)).length,
  ).toBeGreaterThan(1);
  expect((await daemon.end()).code).toBe(0);
}, 400_000);
