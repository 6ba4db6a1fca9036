import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastify } from 'fastify';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { createMonitoring, type Monitoring } from '../../src/daemon/monitoring.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { observation } from '../../tools/test/observation.ts';
import { porchHealth } from '../../tools/test/running-metrics.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-monitoring-'));
  return () => rmSync(folder, { recursive: true });
});

function monitoringOf(web: object): Promise<Monitoring | null> {
  const questions = { weather: { ask: 'How is the weather?', type: 'enum', values: ['dry', 'rain'] } };
  const cameras = { porch: { source: { type: 'scene' }, questions } };
  const config = parseConfig(JSON.stringify({ device: 'board', web, cameras }), 'c.yaml');
  const readings = {
    health: () => porchHealth,
    loading: () => null,
    outbox: () => ({ depth: 0, dropped: 0, damaged: 0, fault: null }),
    outboxAgeMs: () => 0,
    isBrokerConnected: () => true,
    engines: () => [],
  };
  return createMonitoring(config, folder, readings, new LogLines());
}

async function statusOf({ routes }: Monitoring, path: string): Promise<[status: number, body: string]> {
  const app = fastify({ logger: false });
  onTestFinished(() => app.close());
  app.register(async (scope) => routes(scope));
  const { statusCode, body } = await app.inject({ url: path, headers: { host: '127.0.0.1' } });
  return [statusCode, body];
}

test('without an address there is no monitoring', async () => {
  expect(await monitoringOf({ metrics: { enabled: true } })).toBeNull();
});

test('the window alone has readiness, but no metrics', async () => {
  const monitoring = (await monitoringOf({ listen: '127.0.0.1:8480' }))!;
  expect(monitoring.publisher).toBeNull();
  expect(await statusOf(monitoring, '/readyz')).toEqual([200, 'ok\n']);
  expect((await statusOf(monitoring, '/metrics'))[0]).toBe(404);
});

test('metrics know device, cameras and the values of questions from the config', async () => {
  const monitoring = (await monitoringOf({ listen: '127.0.0.1:8480', metrics: { enabled: true } }))!;
  monitoring.publisher!.observation(observation({ answers: { weather: 'dry' } }));
  const [status, text] = await statusOf(monitoring, '/metrics');
  expect(status).toBe(200);
  expect(text).toMatch(/^scenecast_info\{device="board",version="\d+\.\d+\.\d+"\} 1$/m);
  expect(text).toContain('scenecast_answer_choice{camera="porch",question="weather",value="rain"} 0\n');
});

test.each([
  [null, /^web\.metrics\.token_file: cannot be read/],
  ['short', /^web\.metrics\.token_file: the token must have at least 16 characters \(it has 5\)/],
])('a token that cannot be used is a fault of the config: %j', async (token, message) => {
  if (token !== null) writeFileSync(join(folder, 'token'), token);
  const wanted = monitoringOf({
    listen: '127.0.0.1:8480',
    metrics: { enabled: true, token_file: 'token' },
  });
  await expect(wanted).rejects.toMatchObject({ exitCode: 78, message: expect.stringMatching(message) });
});
