import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { freePort } from '../../../tools/test/free-port.ts';
import { type Publishing, startBroker, startPublisher, subscribe } from '../../../tools/test/mqtt.ts';
import { observation } from '../../../tools/test/observation.ts';
import { ScriptedBroker } from '../../../tools/test/scripted-broker.ts';
import { until } from '../../../tools/test/until.ts';

const retry = { firstMs: 50, maxMs: 50, stableMs: 1000 };

/** Certificates as a user would make them: an authority, a broker's for localhost, a client's, and a foreign authority. */
class Certificates {
  readonly folder = mkdtempSync(join(tmpdir(), 'scenecast-certificates-'));

  constructor() {
    for (const authority of ['ca', 'stranger']) {
      this.#openssl(`req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${authority}
        -keyout ${authority}.key -out ${authority}.crt`);
    }
    this.#sign('broker', 'ca', 'localhost');
    this.#sign('elsewhere', 'ca', 'elsewhere.example');
    this.#sign('address', 'ca', 'address', 'IP:::1');
    this.#sign('board', 'ca', 'board');
    this.#sign('impostor', 'stranger', 'board');
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Lines of mosquitto.conf for a listener with TLS. */
  settings(name: string, more = ''): string {
    const { folder } = this;
    return `allow_anonymous true\nuser root\ncafile ${folder}/ca.crt\ncertfile ${folder}/${name}.crt\nkeyfile ${folder}/${name}.key\n${more}`;
  }

  #sign(name: string, authority: string, host: string, alternative = `DNS:${host}`): void {
    writeFileSync(this.path(`${name}.ext`), `subjectAltName=${alternative}\n`);
    this.#openssl(`req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=${host}
      -keyout ${name}.key -out ${name}.csr`);
    this.#openssl(`x509 -req -days 2 -in ${name}.csr -CA ${authority}.crt -CAkey ${authority}.key -CAcreateserial
      -extfile ${name}.ext -out ${name}.crt`);
  }

  #openssl(command: string): void {
    execFileSync('openssl', command.split(/\s+/), { cwd: this.folder, stdio: 'ignore' });
  }
}

const certificates = new Certificates();
afterAll(() => rmSync(certificates.folder, { recursive: true }));

const tlsUrl = ({ port }: { port: number }, scheme = 'mqtts'): string => `${scheme}://localhost:${port}`;

/** A listener for web sockets: mosquitto 2.0.11 does not start with these alone. */
async function startWebSocketBroker(settings: string, host = '127.0.0.1'): Promise<number> {
  const port = await freePort();
  await startBroker(`listener ${port} ${host}\nprotocol websockets\n${settings}`);
  return port;
}

const clientFiles = (): { caFile: string; certFile: string; keyFile: string } => ({
  caFile: certificates.path('ca.crt'),
  certFile: certificates.path('board.crt'),
  keyFile: certificates.path('board.key'),
});

async function delivers({ publisher, outbox, log }: Publishing): Promise<void> {
  await until(() => log.of('connected to the broker').length === 1);
  const delivered = vi.spyOn(outbox, 'delivered');
  publisher.observation(observation());
  await until(() => delivered.mock.calls.length === 1 && outbox.health.depth === 0);
}

test('mqtts: connects to a broker of the pinned authority, with a client certificate', async () => {
  const broker = await startBroker(certificates.settings('broker', 'require_certificate true'));
  await delivers(await startPublisher(tlsUrl(broker), clientFiles()));
});

test('wss: connects over web sockets, with a client certificate', async () => {
  const port = await startWebSocketBroker(certificates.settings('broker', 'require_certificate true'));
  await delivers(await startPublisher(tlsUrl({ port }, 'wss'), clientFiles()));
});

test('ws: connects over a plain web socket', async () => {
  const port = await startWebSocketBroker('allow_anonymous true');
  await delivers(await startPublisher(`ws://127.0.0.1:${port}`));
});

test.each(['', '/', '/mqtt?key=of+a+broker'])('ws: connects to an IPv6 address%s', async (path) => {
  const port = await startWebSocketBroker('allow_anonymous true', '::1');
  await delivers(await startPublisher(`ws://[::1]:${port}${path}`));
});

test('wss and mqtts: connect to an IPv6 address that the certificate names', async () => {
  const files = { caFile: certificates.path('ca.crt') };
  const port = await startWebSocketBroker(certificates.settings('address'), '::1');
  await delivers(await startPublisher(`wss://[::1]:${port}`, files));
  const tlsPort = await freePort();
  await startBroker(`allow_anonymous true\nlistener ${tlsPort} ::1\n${certificates.settings('address')}`);
  await delivers(await startPublisher(`mqtts://[::1]:${tlsPort}`, files));
});

test.each([
  [
    'an authority that is not pinned',
    'broker',
    {},
    /not signed by a trusted authority \(\w+\); set mqtt\.ca_file to/,
  ],
  [
    'another authority than the pinned one',
    'broker',
    { caFile: 'stranger.crt' },
    /not signed by a trusted authority \(\w+\); set mqtt\.ca_file to/,
  ],
  [
    'a certificate for another host',
    'elsewhere',
    { caFile: 'ca.crt' },
    /certificate is for another host name .*elsewhere\.example.*use a name from the certificate in mqtt\.url/,
  ],
])('TLS: %s is refused, and the reason has a remedy', async (_what, name, files, reason) => {
  const broker = await startBroker(certificates.settings(name));
  const paths = Object.fromEntries(
    Object.entries(files).map(([field, file]) => [field, certificates.path(file)]),
  );
  const { log } = await startPublisher(tlsUrl(broker), { ...paths, reconnect: retry });
  await until(() => log.of('no connection to the broker').length > 0);
  expect(log.of('no connection to the broker')[0]?.fields.reason).toMatch(reason);
  // Logged once, however often it is retried.
  await until(() => log.of('broker connection closed').length >= 3);
  expect(log.of('no connection to the broker')).toHaveLength(1);
  expect(log.of('connected to the broker')).toEqual([]);
});

test.each([
  ['no certificate', {}, /requires a client certificate|closed the connection/],
  [
    'one of another authority',
    { certFile: 'impostor.crt', keyFile: 'impostor.key' },
    /does not accept the certificate in mqtt\.cert_file|closed the connection/,
  ],
])(
  'TLS: a broker that requires a client certificate and gets %s: the reason has a remedy',
  async (_what, files, reason) => {
    const broker = await startBroker(certificates.settings('broker', 'require_certificate true'));
    const paths = Object.fromEntries(
      Object.entries(files).map(([field, file]) => [field, certificates.path(file)]),
    );
    const caFile = certificates.path('ca.crt');
    const { log } = await startPublisher(tlsUrl(broker), { ...paths, caFile, reconnect: retry });
    await until(() => log.of('no connection to the broker').length > 0);
    expect(log.of('no connection to the broker')[0]?.fields.reason).toMatch(reason);
  },
);

test('TLS on a port without it: the reason says so', async () => {
  const broker = await startBroker();
  const { log } = await startPublisher(tlsUrl(broker), {
    caFile: certificates.path('ca.crt'),
    reconnect: retry,
  });
  await until(() => log.of('no connection to the broker').length > 0);
  expect(log.of('no connection to the broker')[0]?.fields.reason).toMatch(/TLS/);
});

test.each([
  ['ca_file', { caFile: 'no.crt' }, /mqtt\.ca_file .*no\.crt: cannot be read: there is no such file/],
  ['ca_file', { caFile: 'ca.key' }, /mqtt\.ca_file .*ca\.key: is not a PEM certificate: it contains none/],
  [
    'key_file',
    { certFile: 'board.crt', keyFile: 'broker.key' },
    /mqtt\.key_file .*broker\.key: is not an unencrypted PEM key that matches .*board\.crt/,
  ],
  [
    'cert_file',
    { certFile: 'board.csr', keyFile: 'board.key' },
    /mqtt\.cert_file .*board\.csr: is not a PEM certificate/,
  ],
])('a faulty %s is named at the start, without its content', async (_field, files, message) => {
  const paths = Object.fromEntries(
    Object.entries(files).map(([field, file]) => [field, certificates.path(file)]),
  );
  const starting = startPublisher('mqtts://127.0.0.1:1', paths);
  await expect(starting).rejects.toThrow(message);
  await expect(starting).rejects.toMatchObject({ exitCode: 78 });
  const key = readFileSync(certificates.path('board.key'), 'utf8').split('\n')[1]!;
  await expect(starting).rejects.not.toThrow(key);
});

test('another client with the same id is logged as error, and reconnecting waits minutes', async () => {
  const sessionTakenOver = 0x8e;
  const broker = await ScriptedBroker.start(() => ({ disconnect: sessionTakenOver }));
  const { log } = await startPublisher(broker.url);
  await until(() => log.of('disconnected by the broker').length === 1);
  const [line] = log.of('disconnected by the broker');
  expect(line).toMatchObject({
    level: 'error',
    fields: {
      clientId: 'scenecast-test',
      reason: expect.stringMatching(/another client has connected as scenecast-test.*Change `device`/),
    },
  });
  // At least half a minute; after any other end it would be 0.1 s.
  expect(line!.fields.waitMs).toBeGreaterThanOrEqual(30_000);
});

test('another client with the same id is suspected after five connections closed without a reason', async () => {
  const broker = await startBroker(); // mosquitto 2.0.11 sends no DISCONNECT
  const reconnect = { firstMs: 500, maxMs: 500, stableMs: 30_000 };
  const { log } = await startPublisher(broker.url, { reconnect });
  const other = await connectAsync(broker.url, { clientId: 'scenecast-test', reconnectPeriod: 500 });
  onTestFinished(() => other.endAsync(true));
  await until(() => log.lines.some(({ level }) => level === 'error'));
  expect(log.lines.find(({ level }) => level === 'error')).toMatchObject({
    message: 'broker keeps closing the connection',
    fields: {
      clientId: 'scenecast-test',
      reason: expect.stringMatching(
        /another client may have connected as scenecast-test.*see the broker's log/,
      ),
    },
  });
});

test('a broker without retained messages is used without them', async () => {
  const broker = await startBroker('allow_anonymous true\nretain_available false');
  const { publisher, log } = await startPublisher(broker.url);
  await until(() => log.of('connected to the broker').length === 1);
  const subscriber = await subscribe(broker.url);
  publisher.observation(observation());
  await until(() => subscriber.json('scenecast/test/porch/observation').length === 1);
  expect(log.of('broker does not support retained messages; late subscribers see no state')).toHaveLength(1);
  expect(log.of('connected to the broker')).toHaveLength(1);
});

test('a broker that supports only QoS 0 is used with QoS 0', async () => {
  const broker = await startBroker('allow_anonymous true\nmax_qos 0');
  const { publisher, log } = await startPublisher(broker.url);
  await until(() => log.of('connected to the broker').length === 1);
  const subscriber = await subscribe(broker.url);
  publisher.observation(observation());
  await until(() => subscriber.json('scenecast/test/porch/observation').length === 1);
  expect(log.of('connected to the broker')).toHaveLength(1);
});

test('if nothing listens, or something other than a broker, the reason says what to check', async () => {
  const { log } = await startPublisher('mqtt://127.0.0.1:1', { reconnect: retry });
  await until(() => log.of('no connection to the broker').length > 0);
  expect(log.of('no connection to the broker')[0]?.fields.reason).toMatch(
    /nothing listens at mqtt:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\); is the broker running/,
  );
  const server = createServer((socket) => socket.end('220 mail.example ESMTP\r\n')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const other = await startPublisher(`mqtt://127.0.0.1:${port}`, { reconnect: retry });
  await until(() => other.log.of('no connection to the broker').length > 0);
});

test('the reason of a DISCONNECT is logged by name', async () => {
  const serverShuttingDown = 0x8b;
  const broker = await ScriptedBroker.start(() => ({ disconnect: serverShuttingDown }));
  const { log } = await startPublisher(broker.url);
  await until(() => log.of('disconnected by the broker').length > 0);
  expect(log.of('disconnected by the broker')[0]).toMatchObject({
    level: 'warn',
    fields: { reasonCode: serverShuttingDown, reason: 'Server shutting down' },
  });
});

test('closing is quick even if the broker does not acknowledge', async () => {
  const broker = await ScriptedBroker.start(() => 'ignore');
  const { publisher, log } = await startPublisher(broker.url);
  await until(() => log.of('connected to the broker').length === 1);
  const start = performance.now();
  await publisher.close();
  expect(performance.now() - start).toBeLessThan(20_000);
  expect(broker.published.at(-1)?.payload).toBe('{"state":"offline"}');
});
