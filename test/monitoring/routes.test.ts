import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastify } from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import type { Health } from '../../src/domain/health.ts';
import { metricsRoutes } from '../../src/monitoring/metrics-routes.ts';
import { readinessRoutes } from '../../src/monitoring/readiness-routes.ts';
import type { Routes } from '../../src/system/http-server.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { busyMetrics, porchHealth } from '../../tools/test/running-metrics.ts';

const token = 'canary-0123456789abcdef';

function serverOf(routes: Routes) {
  const app = fastify({ logger: false });
  app.register(async (scope) => routes(scope));
  onTestFinished(() => app.close());
  return (url: string, headers: Record<string, string> = {}) =>
    app.inject({ url, headers: { host: '127.0.0.1:8480', ...headers } });
}

function metricsServer(hasToken: boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-metrics-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'token');
  writeFileSync(file, `${token}\n`);
  const log = new LogLines();
  return { file, log, ask: serverOf(metricsRoutes(busyMetrics(), hasToken ? file : null, log)) };
}

test('without a token, metrics are for programs of this machine', async () => {
  const { ask } = metricsServer(false);
  const answer = await ask('/metrics');
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.body).toContain('scenecast_info{device="board",version="0.0.0"} 1\n');
  const elsewhere = [{ host: 'evil.example' }, { 'x-forwarded-for': '192.0.2.1' }];
  for (const headers of elsewhere) expect((await ask('/metrics', headers)).statusCode).toBe(403);
});

test('with a token, metrics are for those who send it, from anywhere', async () => {
  const { ask, log, file } = metricsServer(true);
  const refused = await ask('/metrics');
  expect(refused.statusCode).toBe(401);
  expect(refused.headers['www-authenticate']).toBe('Bearer');
  expect((await ask('/metrics', { authorization: `Bearer ${token}!` })).statusCode).toBe(401);
  const headers = {
    authorization: `Bearer ${token}`,
    host: 'board.lan:8480',
    'x-forwarded-for': '192.0.2.1',
  };
  expect((await ask('/metrics', headers)).body).toContain('scenecast_info');
  expect(log.of('request for metrics refused')).toHaveLength(1);
  writeFileSync(file, 'canary-another-token\n');
  expect((await ask('/metrics', headers)).statusCode).toBe(401);
  rmSync(file);
  const unreadable = await ask('/metrics', headers);
  expect([unreadable.statusCode, unreadable.body]).toEqual([503, expect.not.stringContaining(file)]);
  expect(JSON.stringify(log.lines)).not.toContain('canary');
});

test.each<[Health | null, number | null, string[]]>([
  [porchHealth, null, []],
  [null, null, ['Scenecast is starting']],
  [porchHealth, 0.428, ['the model is loading (42 %)']],
  [{ ...porchHealth, engine: 'failing' }, null, ['the last description failed']],
  [
    {
      ...porchHealth,
      cameras: {
        porch: porchHealth.cameras['porch']!,
        canary: { ...porchHealth.cameras['porch']!, state: 'offline', reason: 'canary' },
      },
    },
    null,
    ['1 of 2 cameras are offline'],
  ],
  [{ ...porchHealth, cameras: {} }, null, []],
])('/readyz of %j, loaded to %s: %j', async (health, loading, reasons) => {
  const ask = serverOf(readinessRoutes({ health: () => health, loading: () => loading }));
  const { statusCode, body, headers } = await ask('/readyz', { host: 'board.lan' });
  expect(statusCode).toBe(reasons.length === 0 ? 200 : 503);
  expect(body).toBe(`${reasons.join('\n') || 'ok'}\n`);
  expect(body).not.toContain('canary');
  expect(headers['cache-control']).toBe('no-store');
});

test('/healthz answers while the process lives, whatever its state', async () => {
  const ask = serverOf(readinessRoutes({ health: () => null, loading: () => 0 }));
  const { statusCode, body } = await ask('/healthz', { host: 'board.lan' });
  expect([statusCode, body]).toEqual([200, 'ok\n']);
});
