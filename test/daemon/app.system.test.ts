import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { App } from '../../src/daemon/app.ts';
import { LogLines } from '../../tools/test/log-lines.ts';

test('closed while the connection to the pool starts, it starts no engine', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-app-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'password'), 'secret');
  const config = parseConfig(
    JSON.stringify({
      mqtt: { url: 'mqtt://127.0.0.1:1', username: 'porch', password_file: 'password' },
      store: { folder: 'state' },
      engine: 'pool',
      model: { path: join(import.meta.dirname, '../../models/demo') },
      cameras: { porch: { source: { type: 'scene', size: '64x64' } } },
    }),
    'c.yaml',
  );
  const log = new LogLines();
  // What follows the plan is the pool's connection, which reads the password.
  log.info = (_fields, message) => {
    if (message === 'engine plan') setImmediate(() => void app.close());
  };
  const app = new App(config, join(folder, 'config.yaml'), log as unknown as Logger);
  await expect(app.start()).rejects.toThrow('Scenecast is stopping');
  expect(process.getActiveResourcesInfo()).not.toContain('ProcessWrap');
});
