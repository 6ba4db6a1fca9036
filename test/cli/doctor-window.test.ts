import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Check } from '../../src/cli/doctor-check.ts';
import { checkWindow } from '../../src/cli/doctor-window.ts';

const tls = { cert_file: null, key_file: null };

function check(listen: object | null, isServiceActive = true, more: object = {}): Promise<Check | null> {
  const web = { listen, tls, ...more } as Parameters<typeof checkWindow>[0];
  return checkWindow(web, '/', isServiceActive, new AbortController().signal);
}

/** The port of a server that answers with this status. */
async function serverWith(status: number): Promise<number> {
  const server = createServer(({ url }, response) => {
    response.writeHead(url === '/healthz' ? status : 500).end('ok\n');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test('without an address there is nothing to check', async () => {
  expect(await check(null)).toBeNull();
});

test('a window that answers is ok, also if it listens at all addresses', async () => {
  const port = await serverWith(200);
  for (const host of ['127.0.0.1', '0.0.0.0'])
    expect(await check({ host, port })).toMatchObject({
      part: 'window',
      status: 'ok',
      text: `http://127.0.0.1:${port} answers`,
    });
});

test('another program at its port is a failure', async () => {
  expect(await check({ host: '127.0.0.1', port: await serverWith(404) })).toMatchObject({
    status: 'failed',
    text: expect.stringMatching(/another program answers$/),
    remedy: 'choose another port in web.listen',
  });
});

test('a window that does not answer is a failure only while the service runs', async () => {
  const nothing = { host: '127.0.0.1', port: 1 };
  expect(await check(nothing)).toMatchObject({
    status: 'failed',
    text: expect.stringMatching(/^http:\/\/127\.0\.0\.1:1 does not answer: nothing listens there/),
  });
  expect(await check(nothing, false)).toMatchObject({
    status: 'warning',
    text: expect.stringMatching(/the service does not run$/),
  });
});

test('a certificate that cannot be read is named', async () => {
  const more = { tls: { cert_file: 'none.crt', key_file: 'none.key' } };
  expect(await check({ host: '127.0.0.1', port: 1 }, true, more)).toMatchObject({
    status: 'failed',
    text: expect.stringMatching(/^web\.tls\.cert_file \/none\.crt: cannot be read/),
  });
});
