import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../../tools/test/mosquitto.ts';
import { type Publishing, startBroker, startPublisher, subscribe } from '../../support/mqtt.ts';
import { observation } from '../../support/observation.ts';
import { ScriptedBroker } from '../../support/scripted-broker.ts';
import { until } from '../../support/until.ts';

const retry = { firstMs: 50, maxMs: 50, stableMs: 1000 };

/** Certificates as an owner would make them: an authority, a broker's for localhost, a client's, and a stranger's authority. */
class Certificates {
  readonly folder = mkdtempSync(join(tmpdir(), 'scenecast-certificates-'));

  constructor() {
    for (const authority of ['ca', 'stranger']) {
      this.#openssl(`req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${authority}
        -keyout ${authority}.key -out ${authority}.crt`);
    }
    this.#sign('broker', 'ca', 'localhost');
    this.#sign('elsewhere', 'ca', 'elsewhere.example');
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

  #sign(name: string, authority: string, host: string): void {
    writeFileSync(this.path(`${name}.ext`), `subjectAltName=DNS:${host}\n`);
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
async function startWebSocketBroker(settings: string): Promise<number> {
  const port = await freePort();
  await startBroker(`listener ${port} 127.0.0.1\nprotocol websockets\n${settings}`);
  return port;
}

const clientFiles = (): { caFile: string; certFile: string; keyFile: string } => ({
  caFile: certificates.path('ca.crt'),
  certFile: certificates.path('board.crt'),
  keyFile: certificates.path('board.key'),
});

async function delivers({ publisher, outbox, log }: Publishing): Promise<void> {
  await until(() => log.of('connected to the broker').length === 1);
  publisher.observation(observation());
  await until(() => outbox.health.depth === 1);
  await until(() => outbox.health.depth === 0);
}

test('mqtts: the broker of the pinned authority is spoken to, with a client certificate', async () => {
  const broker = await startBroker(certificates.settings('broker', 'require_certificate true'));
  await delivers(await startPublisher(tlsUrl(broker), clientFiles()));
});

test('wss: so it is over web sockets', async () => {
  const port = await startWebSocketBroker(certificates.settings('broker', 'require_certificate true'));
  await delivers(await startPublisher(tlsUrl({ port }, 'wss'), clientFiles()));
});

test('ws: a plain web socket is spoken to', async () => {
  const port = await startWebSocketBroker('allow_anonymous true');
  await delivers(await startPublisher(`ws://127.0.0.1:${port}`));
});

test.each([
  [
    'an authority that is not pinned',
    'broker',
    {},
    /signed by nobody trusted here \(\w+\); mqtt\.ca_file must name/,
  ],
  [
    'another authority than the pinned one',
    'broker',
    { caFile: 'stranger.crt' },
    /signed by nobody trusted here \(\w+\); mqtt\.ca_file must name/,
  ],
  [
    'a certificate for another host',
    'elsewhere',
    { caFile: 'ca.crt' },
    /certificate is for another name .*elsewhere\.example.*mqtt\.url must use a name that is in the certificate/,
  ],
])('TLS: %s is refused, and what to do is told', async (_what, name, files, reason) => {
  const broker = await startBroker(certificates.settings(name));
  const paths = Object.fromEntries(
    Object.entries(files).map(([field, file]) => [field, certificates.path(file)]),
  );
  const { log } = await startPublisher(tlsUrl(broker), { ...paths, reconnect: retry });
  await until(() => log.of('no connection to the broker').length > 0);
  expect(log.of('no connection to the broker')[0]?.fields.reason).toMatch(reason);
  // However often it is tried, one line says so.
  await until(() => log.of('broker connection closed').length >= 3);
  expect(log.of('no connection to the broker')).toHaveLength(1);
  expect(log.of('connected to the broker')).toEqual([]);
});

test.each([
  ['no certificate', {}, /wants a client certificate|closed the connection/],
  [
    'one of another authority',
    { certFile: 'impostor.crt', keyFile: 'impostor.key' },
    /does not accept the certificate in mqtt\.cert_file|closed the connection/,
  ],
])(
  'TLS: a broker that wants a client certificate and gets %s: told what to do',
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

test('TLS spoken to a port without it: told what to do', async () => {
  const broker = await startBroker();
  const { log } = await startPublisher(tlsUrl(broker), {
    caFile: certificates.path('ca.crt'),
    reconnect: retry,
  });
  await until(() => log.of('no connection to the broker').length > 0);
  expect(log.of('no connection to the broker')[0]?.fields.reason).toMatch(/TLS/);
});

test.each([
  ['ca_file', { caFile: 'no.crt' }, /mqtt\.ca_file .*no\.crt: cannot be read: ENOENT/],
  ['ca_file', { caFile: 'ca.key' }, /mqtt\.ca_file .*ca\.key: is no certificate in PEM: none is in it/],
  [
    'key_file',
    { certFile: 'board.crt', keyFile: 'broker.key' },
    /mqtt\.key_file .*broker\.key: is no unencrypted PEM key that belongs to .*board\.crt/,
  ],
  [
    'cert_file',
    { certFile: 'board.csr', keyFile: 'board.key' },
    /mqtt\.cert_file .*board\.csr: is no certificate in PEM/,
  ],
])('a faulty %s is named at the start, and nothing of its content', async (_field, files, message) => {
  const paths = Object.fromEntries(
    Object.entries(files).map(([field, file]) => [field, certificates.path(file)]),
  );
  const starting = startPublisher('mqtts://127.0.0.1:1', paths);
  await expect(starting).rejects.toThrow(message);
  await expect(starting).rejects.toMatchObject({ exitCode: 78 });
  const key = readFileSync(certificates.path('board.key'), 'utf8').split('\n')[1]!;
  await expect(starting).rejects.not.toThrow(key);
});

test('another client with the same id is an error that is told, and waited for in minutes', async () => {
  const sessionTakenOver = 0x8e;
  const broker = await ScriptedBroker.start(() => ({ disconnect: sessionTakenOver }));
  const { log } = await startPublisher(broker.url);
  await until(() => log.of('the broker ended the connection').length === 1);
  const [line] = log.of('the broker ended the connection');
  expect(line).toMatchObject({
    level: 'error',
    fields: {
      clientId: 'scenecast-test',
      reason: expect.stringMatching(/another client has connected as scenecast-test.*another device name/),
    },
  });
  // At least half a minute, where after another end it would have been 0.1 s.
  expect(line!.fields.waitMs).toBeGreaterThanOrEqual(30_000);
});

test('a broker that hangs up in silence when another client has the same id: suspected after three times', async () => {
  const broker = await startBroker(); // mosquitto 2.0.11 sends no DISCONNECT
  const { log } = await startPublisher(broker.url, { reconnect: retry });
  const other = await connectAsync(broker.url, { clientId: 'scenecast-test', reconnectPeriod: 50 });
  onTestFinished(() => other.endAsync(true));
  await until(() => log.lines.some(({ level }) => level === 'error'));
  expect(log.lines.find(({ level }) => level === 'error')).toMatchObject({
    message: 'the broker ends one connection after another',
    fields: {
      clientId: 'scenecast-test',
      reason: expect.stringMatching(/another client may have connected as scenecast-test.*the broker's log/),
    },
  });
});

test('a broker that retains nothing is spoken to all the same, without retained messages', async () => {
  const broker = await startBroker('allow_anonymous true\nretain_available false');
  const { publisher, log } = await startPublisher(broker.url);
  await until(() => log.of('connected to the broker').length === 1);
  const subscriber = await subscribe(broker.url);
  publisher.observation(observation());
  await until(() => subscriber.json('scenecast/test/porch/description').length === 1);
  expect(log.of('the broker retains nothing: whoever subscribes late sees no state')).toHaveLength(1);
  expect(log.of('connected to the broker')).toHaveLength(1);
});

test('a broker that knows only QoS 0 is spoken to in that', async () => {
  const broker = await startBroker('allow_anonymous true\nmax_qos 0');
  const { publisher, log } = await startPublisher(broker.url);
  await until(() => log.of('connected to the broker').length === 1);
  const subscriber = await subscribe(broker.url);
  publisher.observation(observation());
  await until(() => subscriber.json('scenecast/test/porch/description').length === 1);
  expect(log.of('connected to the broker')).toHaveLength(1);
});

test('without anything that listens, or with something else that does, the reason says what to check', async () => {
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

test('a broker’s DISCONNECT is told by name', async () => {
  const serverShuttingDown = 0x8b;
  const broker = await ScriptedBroker.start(() => ({ disconnect: serverShuttingDown }));
  const { log } = await startPublisher(broker.url);
  await until(() => log.of('the broker ended the connection').length > 0);
  expect(log.of('the broker ended the connection')[0]).toMatchObject({
    level: 'warn',
    fields: { reasonCode: serverShuttingDown, reason: 'Server shutting down' },
  });
});

test('closing is quick where the broker does not acknowledge', async () => {
  const broker = await ScriptedBroker.start(() => 'ignore');
  const { publisher, log } = await startPublisher(broker.url);
  await until(() => log.of('connected to the broker').length === 1);
  await publisher.close();
  expect(broker.published.at(-1)?.payload).toBe('{"state":"offline"}');
});
