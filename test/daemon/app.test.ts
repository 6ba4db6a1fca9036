import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { App } from '../../src/daemon/app.ts';
import { LogLines } from '../../tools/test/log-lines.ts';

/** Without an engine of its own, and with a broker that is away. */
function appOf(keys: object = {}): { app: App; log: LogLines } {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-app-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const config = parseConfig(
    JSON.stringify({
      mqtt: { url: 'mqtt://127.0.0.1:1' },
      store: { folder: 'state' },
      engine: 'pool',
      work: { sending: { fallback: 'expire' } },
      cameras: { porch: { source: { type: 'scene', size: '64x64' } } },
      ...keys,
    }),
    'c.yaml',
  );
  const log = new LogLines();
  const app = new App(config, join(folder, 'config.yaml'), log as unknown as Logger);
  onTestFinished(() => app.close());
  return { app, log };
}

test('it starts while the broker is away, and can be closed twice', async () => {
  const { app, log } = appOf();
  await app.start();
  expect(log.of('pipeline started')).toMatchObject([{ fields: { cameras: 1 } }]);
  await app.close();
  await app.close();
  expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test('closed before it was started, it does not start', async () => {
  const { app, log } = appOf();
  await app.close();
  await expect(app.start()).rejects.toThrow('Scenecast is stopping');
  expect(log.of('pipeline started')).toEqual([]);
});

test('closed while it starts, it stops starting and leaves nothing open', async () => {
  const { app, log } = appOf();
  const refused = expect(app.start()).rejects.toThrow('Scenecast is stopping');
  await app.close();
  await refused;
  expect(log.of('pipeline started')).toEqual([]);
});

test('a missing model is an error, and the parts already started are closed', async () => {
  const { app } = appOf({ engine: 'own', model: { path: 'no/such/model' } });
  await expect(app.start()).rejects.toThrow(/model\.path .*no\/such\/model/);
  await app.close();
});
