import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { HttpTestCamera } from '../../tools/test/http-test-camera.ts';
import { httpAnswer, RudeHttpServer } from '../../tools/test/rude-http-server.ts';
import { type SelfSigned, selfSigned } from '../../tools/test/self-signed.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenecast-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));

let jpeg: Buffer;
beforeAll(async () => {
  jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
});

const certificate = (name: string, names: string): SelfSigned => selfSigned(folder, name, names);

async function serverOf(tls: { key: string; cert: string }): Promise<RudeHttpServer> {
  return new RudeHttpServer((_request, socket) => void socket.end(httpAnswer(jpeg)), tls).start();
}

test('a self-signed certificate is refused with its fingerprint, before any request is sent', async () => {
  const camera = certificate('camera', 'IP:127.0.0.1');
  const server = await serverOf(camera);
  expect(await new HttpTestCamera({ url: server.address() }).fault()).toBe(
    `untrusted: its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT); if it is the right device, set tls_fingerprint to ${camera.fingerprint}, or ca_file to the authority that signed it`,
  );
  expect(server.requests).toEqual([]);
});

test('a pinned certificate is accepted whatever its name, and another one is refused', async () => {
  const [pinned, other] = [certificate('pinned', 'DNS:elsewhere'), certificate('other', 'IP:127.0.0.1')];
  const server = await serverOf(pinned);
  for (let look = 0; look < 2; look++)
    expect(
      (await new HttpTestCamera({ url: server.address(), fingerprint: pinned.fingerprint }).look()).size
        .width,
    ).toBe(8);
  const impostor = await serverOf(other);
  expect(
    await new HttpTestCamera({ url: impostor.address(), fingerprint: pinned.fingerprint }).fault(),
  ).toMatch(
    new RegExp(
      `^untrusted: its certificate has the fingerprint ${other.fingerprint}, not that of tls_fingerprint`,
    ),
  );
  expect(impostor.requests).toEqual([]);
});

test('ca_file trusts a certificate for the right host only', async () => {
  const camera = certificate('both', 'IP:127.0.0.1');
  const server = await serverOf(camera);
  const options = { caFile: camera.path };
  expect((await new HttpTestCamera({ url: server.address(), ...options }).look()).size.width).toBe(8);
  expect(await new HttpTestCamera({ url: server.address('/', 'localhost'), ...options }).fault()).toMatch(
    /^untrusted: its certificate is not trusted \(.*(altnames|ALTNAME).*set tls_fingerprint to/i,
  );
});

test('a server without TLS', async () => {
  const server = createServer((socket) =>
    socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  expect(
    await new HttpTestCamera({
      url: `https://127.0.0.1:${(server.address() as { port: number }).port}/`,
    }).fault(),
  ).toMatch(/^no TLS; check the port, and whether url should begin with http:/);
});

test('a redirect from https to http is refused', async () => {
  const camera = certificate('down', 'IP:127.0.0.1');
  const server = await new RudeHttpServer(
    (_request, socket) => void socket.end(httpAnswer('', ['Location: http://127.0.0.1:1/'], '302 Found')),
    camera,
  ).start();
  expect(await new HttpTestCamera({ url: server.address(), fingerprint: camera.fingerprint }).fault()).toBe(
    'redirected; set url to the final address: it redirects from https to http',
  );
});
