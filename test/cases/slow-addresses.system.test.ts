import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getDefaultAutoSelectFamilyAttemptTimeout, setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { waitForSlowAddresses } from '../../src/system/slow-addresses.ts';
import { startBroker, startPublisher } from '../../tools/test/mqtt.ts';
import { resolveTo, slowAddress } from '../../tools/test/slow-address.ts';
import { until } from '../../tools/test/until.ts';

// Only the first attempt counts.
const reconnect = { firstMs: 600_000, maxMs: 600_000, stableMs: 1000 };
const before = getDefaultAutoSelectFamilyAttemptTimeout();
beforeAll(waitForSlowAddresses);
afterAll(() => setDefaultAutoSelectFamilyAttemptTimeout(before));

/** Nothing listens there. */
const closed = '127.0.0.3';
const slow = '127.0.0.2';

test.each([
  ['the first address is slow, the second refuses', [slow, closed]],
  ['the first address refuses, the second is slow', [closed, slow]],
])('a broker of whose addresses %s is connected to', async (_what, addresses) => {
  const broker = await startBroker();
  const answerSoon = await slowAddress(slow, broker.port);
  resolveTo(...addresses);
  const { log } = await startPublisher(`mqtt://broker.example:${broker.port}`, { reconnect });
  answerSoon();
  await until(() => log.lines.some(({ message }) => /connect(ed|ion) to the broker/.test(message)));
  expect(log.of('no connection to the broker')).toEqual([]);
});

test('a broker whose first address never answers is connected to at its second', async () => {
  const broker = await startBroker();
  await slowAddress(slow, broker.port);
  resolveTo(slow, '127.0.0.1');
  const { log } = await startPublisher(`mqtt://broker.example:${broker.port}`, { reconnect });
  await until(() => log.lines.some(({ message }) => /connect(ed|ion) to the broker/.test(message)));
  expect(log.of('connected to the broker')).toHaveLength(1);
});

test('fetch, with which models are pulled, waits for a slow address too', async () => {
  const server = createServer((_request, response) => void response.end('model')).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const answerSoon = await slowAddress(slow, port);
  resolveTo(slow, closed);
  const answer = fetch(`http://hub.example:${port}/`);
  answerSoon();
  expect(await (await answer).text()).toBe('model');
});

test('every command waits for slow addresses', () => {
  const atExit =
    'import net from "node:net"; process.on("exit", () => console.log(net.getDefaultAutoSelectFamilyAttemptTimeout()))';
  const main = join(import.meta.dirname, '../../src/main.ts');
  const example = join(import.meta.dirname, '../../config.example.yaml');
  const preload = `data:text/javascript,${encodeURIComponent(atExit)}`;
  const output = execFileSync(process.execPath, ['--import', preload, main, 'config', 'check', example], {
    encoding: 'utf8',
  });
  expect(output.trim().split('\n').at(-1)).toBe('2000');
});
