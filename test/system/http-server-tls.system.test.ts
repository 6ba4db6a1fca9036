import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { HttpServer } from '../../src/system/http-server.ts';
import { ServerCertificate } from '../../src/system/server-certificate.ts';
import { freePort } from '../../tools/test/free-port.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { selfSigned } from '../../tools/test/self-signed.ts';
import { until } from '../../tools/test/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenecast-server-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));
const [first, second] = ['first', 'second'].map((name) => selfSigned(folder, name, 'IP:127.0.0.1')) as [
  ReturnType<typeof selfSigned>,
  ReturnType<typeof selfSigned>,
];
const [certFile, keyFile] = [join(folder, 'board.crt'), join(folder, 'board.key')];

/** A server with the certificate of board.crt; its answer says whether fastify knows that it came by TLS. */
async function startServer(): Promise<{ port: number; log: LogLines; server: HttpServer }> {
  const [log, port] = [new LogLines(), await freePort()];
  const certificate = new ServerCertificate({ section: 'web.tls', certFile, keyFile, log, lookEveryMs: 20 });
  const server = new HttpServer({ listen: { host: '127.0.0.1', port }, certificate, log });
  server.use((scope) => void scope.get('/', async ({ protocol }) => protocol));
  onTestFinished(() => server.close());
  await server.start();
  await until(() => log.of('HTTP server listening').length === 1);
  return { port, log, server };
}

function install({ path, keyPath }: { path: string; keyPath: string }): void {
  copyFileSync(path, certFile);
  copyFileSync(keyPath, keyFile);
}

/** SHA-256 of the certificate that a server shows. */
async function fingerprintAt(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.once('error', reject);
  socket.once('secureConnect', () => resolve(socket.getPeerCertificate().fingerprint256));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

async function bodyAt(port: number, ca: string): Promise<string> {
  const agent = new Agent({ ca });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  get({ port, host: '127.0.0.1', agent }, (answer) => resolve(text(answer))).once('error', reject);
  return promise.finally(() => agent.destroy());
}

test('with a certificate, the server speaks TLS and nothing else', async () => {
  install(first);
  const { port, log } = await startServer();
  expect(await bodyAt(port, first.cert)).toBe('https');
  expect(log.of('HTTP server listening')[0]?.fields).toMatchObject({ tls: true });
  const plain = connectPlain(port, '127.0.0.1');
  onTestFinished(() => void plain.destroy());
  plain.end('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(await text(plain).catch(() => '')).not.toMatch(/200 OK/);
});

test('a renewed certificate is used without a restart, and connections stay', async () => {
  install(first);
  const { port, log } = await startServer();
  const open = connect({ port, host: '127.0.0.1', ca: first.cert });
  onTestFinished(() => void open.destroy());
  await until(() => open.authorized);
  install(second);
  await until(() => log.of('certificate read again').length === 1);
  expect(await fingerprintAt(port)).toBe(second.fingerprint);
  open.end('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect(await text(open)).toContain('200 OK');
});

test('while the files make no pair, the last one stays, and that is logged once', async () => {
  install(first);
  const { port, log } = await startServer();
  const faults = () => log.of('certificate not read again; the last one stays');
  copyFileSync(second.path, certFile);
  await until(() => faults().length === 1);
  expect(faults()[0]?.fields.reason).toMatch(
    /web\.tls\.key_file .*board\.key: is not an unencrypted PEM key/,
  );
  expect(await fingerprintAt(port)).toBe(first.fingerprint);
  await sleep(100);
  rmSync(keyFile);
  await until(() => faults().length === 2);
  expect(faults()[1]?.fields.reason).toMatch(/there is no such file/);
  install(second);
  await until(() => log.of('certificate read again').length === 1);
  expect(await fingerprintAt(port)).toBe(second.fingerprint);
  expect(JSON.stringify(log.lines)).not.toContain('PRIVATE');
});

test.each<[string, () => void, RegExp]>([
  [
    'no certificate',
    () => rmSync(certFile),
    /^web\.tls\.cert_file .*board\.crt: cannot be read: there is no such/,
  ],
  [
    'an empty certificate',
    () => writeFileSync(certFile, ''),
    /^web\.tls\.cert_file .*: is not a PEM certificate: it/,
  ],
  ['an empty key', () => writeFileSync(keyFile, ''), /^web\.tls\.key_file .*: is not an unencrypted PEM key/],
  [
    'the key of another',
    () => copyFileSync(second.keyPath, keyFile),
    /that matches .*board\.crt: .*mismatch/,
  ],
])('%s is a fault of the config, at the start', async (_, spoil, message) => {
  install(first);
  spoil();
  const starting = startServer();
  await expect(starting).rejects.toMatchObject({ exitCode: 78, message: expect.stringMatching(message) });
  await expect(starting).rejects.not.toThrow(/PRIVATE/);
});

test('closed, the server reads no files', async () => {
  install(first);
  const { log, server } = await startServer();
  await server.close();
  rmSync(keyFile);
  await sleep(100);
  expect(log.lines.filter(({ level }) => level === 'warn')).toEqual([]);
});
