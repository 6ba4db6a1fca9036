import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { LegacyBroker } from '../../../tools/test/legacy-broker.ts';
import { startBroker, startPublisher } from '../../../tools/test/mqtt.ts';
import { observation } from '../../../tools/test/observation.ts';
import { forward, startRudeServer } from '../../../tools/test/rude-server.ts';
import { until } from '../../../tools/test/until.ts';

const reconnect = { firstMs: 50, maxMs: 50, stableMs: 1000 };
const connected = 'connected to the broker';
const notConnected = 'no connection to the broker';

/** The first reason for which there is no connection. */
async function faultAt(url: string, connectTimeoutMs = 20_000): Promise<string> {
  const { log } = await startPublisher(url, { reconnect, connectTimeoutMs });
  await until(() => log.of(notConnected).length > 0);
  return log.of(notConnected)[0]!.fields.reason;
}

test.each([
  ['closes', (socket: Socket) => void socket.end()],
  ['resets', (socket: Socket) => void socket.resetAndDestroy()],
  ['aborts after a while', (socket: Socket) => void setTimeout(() => socket.destroy(), 200)],
])(
  'a broker that %s connections of MQTT 5 is used with 3.1.1, and that is remembered',
  async (_how, onMqtt5) => {
    const broker = await LegacyBroker.start(onMqtt5);
    const { publisher, log } = await startPublisher(broker.url, { reconnect });
    await until(() => log.of(connected).length === 1);
    publisher.observation(observation());
    await until(() => broker.seen.some((line) => line.startsWith('scenecast/test/porch/observation')));
    expect(log.of('broker does not support MQTT 5; using 3.1.1')).toHaveLength(1);
    expect(log.of(notConnected)).toEqual([]);
    broker.disconnectAll();
    await until(() => log.of(connected).length === 2);
    expect(broker.levels).toEqual([5, 4, 4]);
    expect(log.of('broker does not support MQTT 5; using 3.1.1')).toHaveLength(1);
  },
);

test('while a broker starts and closes every connection, MQTT 5 is tried each time', async () => {
  const broker = await LegacyBroker.start((socket) => void socket.end());
  broker.isStarting = true;
  const { log } = await startPublisher(broker.url, { reconnect });
  await until(() => broker.levels.length >= 6);
  broker.isStarting = false;
  await until(() => log.of(connected).length === 1);
  expect(broker.levels.slice(0, 6)).toEqual([5, 4, 5, 4, 5, 4]);
  expect(log.of(notConnected)).toHaveLength(1);
});

test('a broker that once spoke MQTT 5 is not tried with 3.1.1 when it closes connections', async () => {
  let isAway = false;
  const mosquitto = await startBroker();
  const levels: number[] = [];
  const server = await startRudeServer({
    onData: (socket, data) => {
      levels.push(data[8]!);
      if (isAway) return void socket.destroy();
      forward(socket, data, mosquitto.port);
    },
  });
  const { log } = await startPublisher(`mqtt://${server.address}`, { reconnect });
  await until(() => log.of(connected).length === 1);
  isAway = true;
  await mosquitto.down();
  await until(() => levels.length > 4);
  expect(new Set(levels)).toEqual(new Set([5]));
});

test.each([
  [
    'an SSH server',
    'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n',
    /does not speak MQTT: .*"SSH-2\.0-OpenSSH_9\.2p1 Debian-2".*an SSH server/,
  ],
  ['a mail server', '220 mail.example ESMTP\r\n', /"220 mail\.example ESMTP".* a mail or FTP server/],
  ['a VNC server', 'RFB 003.008\n', /a VNC server/],
  ['bytes that look like the start of a PUBLISH', '<stream:stream>', /an XMPP server/],
  [
    'bytes that nobody knows',
    '\x01\x02\x1b[31m',
    /it sends "\?\?\?\[31m"; check the host and port of mqtt\.url/,
  ],
])('not a broker, %s: the reason says so', async (_what, greeting, reason) => {
  const { address } = await startRudeServer({ onConnection: (socket) => void socket.write(greeting) });
  expect(await faultAt(`mqtt://${address}`)).toMatch(reason);
});

test.each([
  ['an HTTP server', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n', /an HTTP server; .*ws:\/\//],
  ['a TLS port', '\x15\x03\x01\x00\x02\x02\x46', /does not speak MQTT without TLS.*mqtts:\/\//],
  ['an AMQP port', 'AMQP\x00\x00\x09\x01', /AMQP port; MQTT has a port of its own/],
  ['a Redis server', '-ERR unknown command\r\n', /a Redis server/],
])('%s that answers to MQTT: the reason says so', async (_what, answer, reason) => {
  const { address } = await startRudeServer({ onData: (socket) => void socket.end(answer, 'latin1') });
  expect(await faultAt(`mqtt://${address}`)).toMatch(reason);
});

test('a port that closes without a word, with either version: the reason says what it may be', async () => {
  const server = await startRudeServer({ onData: (socket) => void socket.end() });
  expect(await faultAt(`mqtt://${server.address}`)).toMatch(
    /closed the connection before it answered: it does not speak MQTT, requires TLS, or does not/,
  );
});

test.each(['mqtt', 'mqtts', 'ws'])('a silent port is given up, and named: %s', async (scheme) => {
  const server = await startRudeServer({});
  expect(await faultAt(`${scheme}://${server.address}`, 300)).toMatch(
    /(sends nothing for|does not answer within) 0\.3 s/,
  );
  await until(() => server.count() > 2);
});

test('a web server without web sockets, and a broker without web sockets: the reason names the difference', async () => {
  const web = await startRudeServer({
    onData: (socket) => void socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'),
  });
  expect(await faultAt(`ws://${web.address}/mqtt`)).toMatch(
    /answers 404 and opens no web socket; check the port and path/,
  );
  const ssh = await startRudeServer({
    onConnection: (socket) => void socket.write('SSH-2.0-OpenSSH_9.2\r\n'),
  });
  expect(await faultAt(`ws://${ssh.address}`)).toMatch(/does not speak HTTP, with which web sockets begin/);
});
