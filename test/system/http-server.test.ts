import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { HttpServer } from '../../src/system/http-server.ts';
import { answers } from '../../tools/test/answers.ts';
import { freePort } from '../../tools/test/free-port.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { until } from '../../tools/test/until.ts';

function serverAt(port: number): { server: HttpServer; log: LogLines } {
  const log = new LogLines();
  const server = new HttpServer({ listen: { host: '127.0.0.1', port }, log });
  onTestFinished(() => server.close());
  return { server, log };
}

test('two users share it, each with hooks of its own', async () => {
  const port = await freePort();
  const { server, log } = serverAt(port);
  server.use((scope) => {
    scope.addHook('onRequest', async (_, reply) => reply.code(401).send('no'));
    scope.get('/guarded', async () => 'secret');
  });
  server.use((scope) => {
    scope.get('/open', async () => 'hello');
  });
  await server.start();
  await until(() => log.of('HTTP server listening').length === 1);
  expect((await fetch(`http://127.0.0.1:${port}/guarded`)).status).toBe(401);
  expect(await (await fetch(`http://127.0.0.1:${port}/open`)).text()).toBe('hello');
  expect((await fetch(`http://127.0.0.1:${port}/other`)).status).toBe(404);
});

test('it waits for an address that another program has, and logs that once', async () => {
  const port = await freePort();
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  const { server, log } = serverAt(port);
  server.use((scope) => void scope.get('/', async () => 'up'));
  await server.start();
  await until(() => log.lines.length >= 2);
  expect(log.lines[0]).toMatchObject({
    level: 'error',
    fields: { port, reason: expect.stringContaining('another program listens there') },
  });
  expect(log.lines[1]!.level).toBe('debug');
  other.close();
  await until(() => log.of('HTTP server listening').length === 1);
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('up');
});

test('closed, it ends its connections and frees the address; a second time nothing happens', async () => {
  const port = await freePort();
  const { server, log } = serverAt(port);
  server.use((scope) => void scope.get('/', () => new Promise(() => {})));
  await server.start();
  await until(() => log.of('HTTP server listening').length === 1);
  const hanging = expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  await until(() => log.lines.length > 0);
  await server.close();
  await server.close();
  await hanging;
  expect(await answers(port)).toBe(false);
});

test('closed before it started, or while it waits for its address, it does not listen', async () => {
  const port = await freePort();
  const { server } = serverAt(port);
  await server.close();
  await expect(server.start()).rejects.toThrow('Scenecast is stopping');
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  const waiting = serverAt(port);
  await waiting.server.start();
  await until(() => waiting.log.lines.length > 0);
  await waiting.server.close();
  other.close();
});
