import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Daemon } from '../../tools/test/daemon.ts';

const config = {
  mqtt: { url: 'mqtt://127.0.0.1:1', username: 'board', password_file: 'broker-password' },
  cameras: { a: { source: { type: 'scene' } } },
  model: { path: '/nowhere' },
};

test('a relative password_file is a systemd credential if there is one, otherwise a file next to the config', async () => {
  const bare = new Daemon(config);
  expect(await bare.exit()).toEqual({ code: 78 });
  expect(bare.stderr).toMatch(
    /mqtt\.password_file \/.*\/broker-password: cannot be read: there is no such file/,
  );

  const credentials = mkdtempSync(join(tmpdir(), 'scenecast-credentials-'));
  onTestFinished(() => rmSync(credentials, { recursive: true }));
  writeFileSync(join(credentials, 'broker-password'), 'correct horse\n');
  vi.stubEnv('CREDENTIALS_DIRECTORY', credentials);
  onTestFinished(() => void vi.unstubAllEnvs());
  const daemon = new Daemon(config);
  expect(await daemon.exit()).toEqual({ code: 78 });
  // The password was found: the error is about the next missing file.
  expect(daemon.stderr).toMatch(/model\.path \/nowhere/);
  expect(JSON.stringify(daemon.log) + daemon.stderr).not.toContain('horse');
});
