import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { ChangedSettings } from '../../src/domain/camera-settings.ts';
import { SettingsFile } from '../../src/store/settings-file.ts';
import { LogLines } from '../../tools/test/log-lines.ts';

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-settings-'));
  onTestFinished(() => {
    chmodSync(folder, 0o755);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

const changed = new Map<string, ChangedSettings>([
  ['porch', { paused: { value: true, config: false }, intervalMs: { value: 500, config: 10_000 } }],
  ['yard', { prompt: { value: 'brief', config: 'default' } }],
]);

test('saved settings are loaded by the next process; the folder is created and holds no other file', async () => {
  const folder = join(scratch(), 'state');
  const path = join(folder, 'settings-test.json');
  const log = new LogLines();
  expect(await new SettingsFile(path, log).load()).toEqual(new Map());
  await new SettingsFile(path, log).save(changed);
  expect(await new SettingsFile(path, log).load()).toEqual(changed);
  await new SettingsFile(path, log).save(new Map());
  expect(await new SettingsFile(path, log).load()).toEqual(new Map());
  expect(readdirSync(folder)).toEqual(['settings-test.json']);
  expect(log.lines).toEqual([]);
});

test('a partial file left by a killed process is not read', async () => {
  const path = join(scratch(), 'settings.json');
  const file = new SettingsFile(path, new LogLines());
  await file.save(changed);
  writeFileSync(`${path}.${process.pid}.partial`, '{"version":1,"cam');
  expect(await file.load()).toEqual(changed);
  await file.save(new Map());
  expect(await file.load()).toEqual(new Map());
});

test.each([
  ['nothing', ''],
  ['half of it', '{"version":1,"cameras":{"porch":'],
  ['zeros', '\0'.repeat(200)],
  ['another version', '{"version":2,"cameras":{}}'],
  ['another type', '{"version":1,"cameras":{"porch":{"paused":{"value":"yes","config":false}}}}'],
])('a file that holds %s is moved aside with a warning, and counts as empty', async (_name, text) => {
  const path = join(scratch(), 'settings.json');
  writeFileSync(path, text);
  const log = new LogLines();
  expect(await new SettingsFile(path, log).load()).toEqual(new Map());
  expect(readFileSync(`${path}.damaged`, 'utf8')).toBe(text);
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { aside: `${path}.damaged` } }]);
});

test('a file of 200 MB is not read', async () => {
  const path = join(scratch(), 'settings.json');
  writeFileSync(path, '{');
  truncateSync(path, 200e6);
  const log = new LogLines();
  expect(await new SettingsFile(path, log).load()).toEqual(new Map());
  expect(log.lines[0]?.fields['reason']).toMatch(/larger than 4096 KiB \(200000000 bytes\)/);
});

test('a file that cannot be read is logged, and one that cannot be written rejects', async () => {
  const path = join(scratch(), 'settings.json');
  mkdirSync(path);
  const log = new LogLines();
  const file = new SettingsFile(path, log);
  expect(await file.load()).toEqual(new Map());
  expect(log.lines[0]).toMatchObject({ level: 'warn', message: 'settings cannot be read; using the config' });
  await expect(file.save(changed)).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
});
