import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { createAims } from '../../src/daemon/aims.ts';
import { publishToAll } from '../../src/daemon/all-publishers.ts';
import { createHttpServers } from '../../src/daemon/http-servers.ts';
import { RecentWarnings } from '../../src/daemon/recent-warnings.ts';
import { createWindow, type SeenByWindow, windowFacts } from '../../src/daemon/window.ts';
import type { Publisher } from '../../src/pipeline/ports.ts';
import { ServerCertificate } from '../../src/system/server-certificate.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { observation } from '../../tools/test/observation.ts';

const configOf = (web: object, camera: object = {}) =>
  parseConfig(
    JSON.stringify({
      device: 'board',
      mqtt: { commands: { set: ['paused'] } },
      web,
      cameras: { porch: { source: { type: 'scene' }, ...camera } },
    }),
    'c.yaml',
  );
const seen: SeenByWindow = {
  own: null,
  publisher: {
    isConnected: false,
    outboxHealth: { depth: 0, dropped: 0, damaged: 0, fault: null },
  },
  aims: createAims(configOf({}), '/', new LogLines()),
  warnings: null,
  startedAt: new Date(),
};

test('without an address there is no window', async () => {
  expect(await createWindow(configOf({}), '/', seen, new LogLines())).toBeNull();
});

test('a password in place of its hash is refused at the start, without being shown', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-window-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'hash'), 'canary\n');
  const config = configOf({ listen: '0.0.0.0:8480', password_hash_file: 'hash' });
  const error = await createWindow(config, folder, seen, new LogLines()).catch((fault: Error) => fault);
  expect(String(error)).toContain('web.password_hash_file: its first line must be a hash');
  expect(String(error)).not.toContain('canary');
  const none = configOf({ listen: '0.0.0.0:8480', password_hash_file: 'none' });
  await expect(createWindow(none, folder, seen, new LogLines())).rejects.toThrow('web.password_hash_file');
});

test('the window shows the config without addresses and logins', () => {
  const camera = {
    name: 'Front porch',
    source: { type: 'ffmpeg', input: 'rtsp://canary.lan/stream', username: 'canary' },
    gate: { enabled: false },
  };
  const facts = windowFacts(configOf({ pictures: false }, camera));
  expect(facts).toMatchObject({
    device: 'board',
    name: 'board',
    pictures: false,
    allowed: { describe: true, ask: false, aim: true, set: ['paused'] },
    cameras: { porch: { name: 'Front porch', source: 'ffmpeg' } },
  });
  expect(JSON.stringify(facts)).not.toContain('canary');
});

test('what is served at one address shares a server', () => {
  const log = new LogLines();
  const [one, two] = [
    { host: '127.0.0.1', port: 8480 },
    { host: '127.0.0.1', port: 8481 },
  ];
  const routes = (): void => {};
  const count = (...served: Parameters<typeof createHttpServers>[0]): number =>
    createHttpServers(served, log).length;
  expect(count({ listen: one, routes }, { listen: { ...one }, routes })).toBe(1);
  expect(count({ listen: one, routes }, { listen: two, routes })).toBe(2);
  expect(count({ listen: null, routes }, { listen: one, routes: undefined })).toBe(0);
});

test('what shares an address with the window shares its certificate', async () => {
  const log = new LogLines();
  const listen = { host: '127.0.0.1', port: 8480 };
  const files = { certFile: '/none.crt', keyFile: '/none.key' };
  const certificate = new ServerCertificate({ section: 'web.tls', ...files, log });
  const routes = (): void => {};
  const [server] = createHttpServers(
    [
      { listen, routes },
      { listen, routes, certificate },
    ],
    log,
  );
  await expect(server!.start()).rejects.toThrow('web.tls.cert_file /none.crt: cannot be read');
  await server!.close();
});

test('everything is reported to each publisher, in their order', () => {
  const calls: string[] = [];
  const publisher = (name: string): Publisher =>
    new Proxy({} as Publisher, { get: (_, method) => () => void calls.push(`${name} ${String(method)}`) });
  const all = publishToAll([publisher('a'), publisher('b')]);
  all.observation(observation());
  all.event({ type: 'captured', id: '1', camera: 'porch' });
  expect(calls).toEqual(['a observation', 'b observation', 'a event', 'b event']);
});

test('the newest warnings are kept, errors as their message', () => {
  const warnings = new RecentWarnings();
  warnings.add(30, {}, 'ignored');
  for (let line = 0; line < 60; line++) warnings.add(40, { line }, 'warned');
  warnings.add(50, { part: 'mqtt', error: new Error('why') }, 'failed');
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  warnings.add(40, circular, 'odd');
  expect(warnings.lines).toHaveLength(50);
  expect(warnings.lines.slice(0, 2)).toMatchObject([
    { level: 'warn', message: 'odd', fields: '{}' },
    { level: 'error', message: 'failed', fields: '{"part":"mqtt","error":"why"}' },
  ]);
});
