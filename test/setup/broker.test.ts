import { afterEach, expect, test, vi } from 'vitest';
import { mqtt } from '../../src/config/mqtt-schema.ts';
import { connectFilePathsOf } from '../../src/setup/broker.ts';

const { existing } = vi.hoisted(() => ({ existing: new Set<string>() }));
// systemd's folders cannot be written by a test.
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  existsSync: (path: string) => existing.has(path),
}));
afterEach(() => {
  existing.clear();
  vi.unstubAllEnvs();
});

const config = mqtt.parse({ url: 'mqtt://127.0.0.1', username: 'board', password_file: 'mqtt-password' });
const passwordIn = (folder: string) => connectFilePathsOf(config, folder).passwordFile;

test('by hand, the password of the service is where systemd has it', () => {
  vi.stubEnv('CREDENTIALS_DIRECTORY', '');
  expect(passwordIn('/etc/scenecast')).toBe('/etc/scenecast/mqtt-password');
  existing.add('/etc/credstore/scenecast.mqtt-password');
  expect(passwordIn('/etc/scenecast')).toBe('/etc/credstore/scenecast.mqtt-password');
  existing.add('/run/credentials/scenecast.service/mqtt-password');
  expect(passwordIn('/etc/scenecast')).toBe('/run/credentials/scenecast.service/mqtt-password');
});

test('a config elsewhere, and the service itself, do not look there', () => {
  existing.add('/etc/credstore/scenecast.mqtt-password');
  vi.stubEnv('CREDENTIALS_DIRECTORY', '');
  expect(passwordIn('/home/me')).toBe('/home/me/mqtt-password');
  vi.stubEnv('CREDENTIALS_DIRECTORY', '/run/credentials/of');
  expect(passwordIn('/etc/scenecast')).toBe('/etc/scenecast/mqtt-password');
  existing.add('/run/credentials/of/mqtt-password');
  expect(passwordIn('/etc/scenecast')).toBe('/run/credentials/of/mqtt-password');
});
