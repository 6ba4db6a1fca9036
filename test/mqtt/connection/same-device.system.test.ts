import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LegacyBroker } from '../../../tools/test/legacy-broker.ts';
import type { LogLines } from '../../../tools/test/log-lines.ts';
import { startBroker, startPublisher } from '../../../tools/test/mqtt.ts';
import { until } from '../../../tools/test/until.ts';

const reconnect = { firstMs: 500, maxMs: 500, stableMs: 30_000 };
const connected = 'connected to the broker';
const errorsOf = (log: LogLines) => log.lines.filter(({ level }) => level === 'error');

test('two daemons of one name, on a broker that says nothing: one waits minutes, and the log names it', async () => {
  const broker = await LegacyBroker.start((socket) => void socket.end());
  const [one, two] = [
    await startPublisher(broker.url, { reconnect }),
    await startPublisher(broker.url, { reconnect }),
  ];
  await until(() => errorsOf(one.log).length + errorsOf(two.log).length > 0);
  const lines = [...errorsOf(one.log), ...errorsOf(two.log)];
  expect(lines[0]).toMatchObject({
    message: 'broker keeps closing the connection',
    fields: {
      reason: expect.stringMatching(/another client may have connected as scenecast-test.*Change `device`/),
    },
  });
  expect(lines[0]!.fields.waitMs).toBeGreaterThanOrEqual(30_000);
  // The other one stays connected.
  const count = (): number => one.log.of(connected).length + two.log.of(connected).length;
  const before = count();
  await sleep(1500);
  expect(count()).toBe(before);
});

test('a broker that restarts again and again raises no alarm', async () => {
  const mosquitto = await startBroker();
  const { log } = await startPublisher(mosquitto.url, {
    reconnect: { firstMs: 50, maxMs: 50, stableMs: 30_000 },
  });
  for (let restart = 0; restart < 7; restart++) {
    await until(() => log.of(connected).length === restart + 1);
    await sleep(300); // nothing is sent any more
    await mosquitto.down('SIGTERM');
    await until(() => log.of('no connection to the broker').length > 0 || restart > 0);
    await sleep(150);
    await mosquitto.up();
  }
  await until(() => log.of(connected).length === 8);
  expect(errorsOf(log)).toEqual([]);
});

test('a broker that closes connections a few times without being away raises no alarm', async () => {
  const broker = await LegacyBroker.start((socket) => void socket.end());
  const { log } = await startPublisher(broker.url, { reconnect });
  for (let restart = 0; restart < 4; restart++) {
    await until(() => log.of(connected).length === restart + 1);
    await sleep(300);
    broker.disconnectAll();
  }
  await until(() => log.of(connected).length === 5);
  expect(errorsOf(log)).toEqual([]);
});
