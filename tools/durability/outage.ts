/**
 * Takes the broker away for a while, and checks what a subscriber gets on its return: of state the newest value once, of the
 * stream everything, in order, with the late ones marked. The history has to have everything once, in order.
 *
 *   npm run test:outage -- [--away-seconds 600] [--every-seconds 5] [--no-history]
 *
 * The observations are fake (no engine runs), each with the answer to a boolean question; outbox, publisher and mosquitto are
 * real. Exits with 1 if something is missing, doubled, out of order or not marked.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { observationSchema } from '../../src/contract/payloads.ts';
import { topicsOf } from '../../src/contract/topics.ts';
import { MqttPublisher } from '../../src/mqtt/publishing/publisher.ts';
import { Outbox } from '../../src/store/outbox.ts';
import { openBroker } from '../test/broker-address.ts';
import { Mosquitto } from '../test/mosquitto.ts';
import { Subscriber } from '../test/subscriber.ts';
import { until } from '../test/until.ts';
import { wholeOption } from '../test/whole-option.ts';
import { idsInHistory } from './ids-in-history.ts';
import { madeObservation } from './made-observation.ts';

const { values } = parseArgs({
  options: {
    'away-seconds': { type: 'string', default: '600' },
    'every-seconds': { type: 'string', default: '5' },
    history: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const awayMs = 1000 * wholeOption('away-seconds', values['away-seconds'], 1);
const everyMs = 1000 * wholeOption('every-seconds', values['every-seconds'], 1);
const lateAfterMs = 60_000;
const camera = 'porch';
const topics = topicsOf('outage');
const silent = (): void => {};
const log = { debug: silent, info: silent, warn: silent, error: silent };

const folder = mkdtempSync(join(tmpdir(), 'scenecast-outage-'));
const broker = await Mosquitto.start();
const subscriber = await Subscriber.start(broker.url);
const bounds = { maxEntries: 10_000, maxBytes: 64 << 20, maxAgeMs: 1e9, replayMs: 1e9 };
const historyFolder = join(folder, 'history');
const history = values.history ? { folder: historyFolder, maxAgeMs: 1e10, maxBytes: 2 ** 30 } : null;
const outbox = new Outbox({ path: join(folder, 'outbox.db'), bounds, history, log });
const publisher = new MqttPublisher({
  ...openBroker(broker.url),
  device: 'outage',
  outbox,
  log,
  lateAfterMs,
});
const made: string[] = [];
const makeOne = (): void => {
  // Every third is of this camera.
  const observation = madeObservation(3 * made.length);
  made.push(observation.frame.id);
  publisher.observation(observation);
};
try {
  await outbox.open();
  await publisher.start();
  await until(() => publisher.isConnected);
  makeOne();
  const making = setInterval(makeOne, everyMs);
  await until(() => subscriber.json(topics.observation(camera)).length > 0);
  await broker.down();
  await sleep(awayMs);
  const received = subscriber.received.length;
  await broker.up();
  await until(() => publisher.isConnected, 120_000);
  const before = [...made];
  await until(() => outbox.health.depth === 0 && made.length > before.length + 1, 120_000);
  clearInterval(making);
  await until(() => outbox.health.depth === 0);
  await sleep(1000);

  const since = subscriber.received.slice(received);
  const idsOn = (topic: string): string[] =>
    since.flatMap((one) => (one.topic === topic ? [JSON.parse(one.payload).id] : []));
  const newer = since.findIndex(
    ({ topic, payload }) => topic === topics.description(camera) && !before.includes(JSON.parse(payload).id),
  );
  const answerTopic = topics.answer(camera, 'gate_open');
  const answers = since
    .slice(0, newer)
    .flatMap(({ topic, payload }) => (topic === answerTopic ? [JSON.parse(payload)] : []));
  const stream = since
    .filter(({ topic }) => topic === topics.observation(camera))
    .map(({ payload }) => observationSchema.parse(JSON.parse(payload)));
  const arrived = idsOn(topics.observation(camera));
  const unmarked = stream.filter(
    ({ late, captured_at, published_at }) =>
      (late === true) !== Date.parse(published_at) - Date.parse(captured_at) > lateAfterMs,
  );
  await outbox.writeHistory();
  const kept = idsInHistory(historyFolder);
  const checks = {
    'one answer, the newest, before the next description':
      answers.length === 1 && answers[0].id === before.at(-1),
    'every observation on the stream, once, in order': String(arrived) === String(made),
    'late ones marked, no others': unmarked.length === 0,
    ...(history && { 'every observation in the history, once, in order': String(kept) === String(made) }),
  };
  console.log(
    `away ${awayMs / 1000} s, an observation each ${everyMs / 1000} s: ${made.length} made, ${arrived.length} on the stream, ` +
      `${stream.filter(({ late }) => late).length} of them late; ${answers.length} answer before the next description`,
  );
  for (const [check, isMet] of Object.entries(checks)) {
    console.log(`${isMet ? 'yes' : 'NO '}  ${check}`);
    if (!isMet) process.exitCode = 1;
  }
} finally {
  await publisher.close();
  await outbox.close();
  await subscriber.close();
  await broker.close();
  rmSync(folder, { recursive: true });
}
