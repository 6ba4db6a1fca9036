import { once } from 'node:events';
import { createServer } from 'node:net';
import { beforeEach, expect, test } from 'vitest';
import { HttpClient } from '../../src/system/http-client.ts';
import { until } from '../../tools/test/until.ts';

const client = new HttpClient({ headTimeoutMs: 20_000, trust: null });
const timers = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
let before = 0;
beforeEach(() => {
  before = timers();
});

test.each(['http://127.0.0.1:1/', 'https://127.0.0.1:1/'])(
  'a failed request to %s leaves no timer that would keep the process running',
  async (url) => {
    await expect(client.get(new URL(url), {}, new AbortController().signal)).rejects.toMatchObject({
      code: 'refused',
    });
    // Vitest has timers too; one of the client would stay for 20 s.
    await until(() => timers() <= before, 10_000);
  },
);

test('a TLS handshake that is never answered ends with the time for the header', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const sockets = new Set<{ destroyed: boolean }>();
  silent.on('connection', (socket) => sockets.add(socket.on('error', () => {}).resume()));
  const url = new URL(`https://127.0.0.1:${(silent.address() as { port: number }).port}/`);
  const impatient = new HttpClient({ headTimeoutMs: 100, trust: null });
  await expect(impatient.get(url, {}, new AbortController().signal)).rejects.toMatchObject({
    code: 'timeout',
  });
  // The connection is closed, too.
  await until(() => [...sockets].every(({ destroyed }) => destroyed));
  silent.close();
});

test('close ends a request that has no connection yet', async () => {
  const silent = createServer((socket) => void socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const url = new URL(`https://127.0.0.1:${(silent.address() as { port: number }).port}/`);
  const asking = client.get(url, {}, new AbortController().signal);
  client.close();
  await expect(asking).rejects.toMatchObject({ code: 'closed' });
  client.close();
  silent.close();
});
