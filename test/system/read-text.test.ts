import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ConfigError } from '../../src/domain/errors.ts';
import { readSecret } from '../../src/system/read-secret.ts';
import { readOptionalText, readText } from '../../src/system/read-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenecast-text-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'file');
writeFileSync(path, 'se cret \t\r\na comment\n');

test('a file that cannot be read is named, and why', async () => {
  expect(await readText(path, 'mqtt.ca_file')).toContain('a comment');
  const missing = readText(join(folder, 'none'), 'mqtt.ca_file none');
  await expect(missing).rejects.toThrow(ConfigError);
  await expect(missing).rejects.toThrow('mqtt.ca_file none: cannot be read: ENOENT');
});

test('an optional file may be missing, but not unreadable', async () => {
  expect(await readOptionalText(join(folder, 'none'))).toBeNull();
  await expect(readOptionalText(folder)).rejects.toThrow(`${folder}: cannot be read: EISDIR`);
});

test('a secret is the first line, without trailing space', async () => {
  expect(await readSecret(path, 'password_file')).toBe('se cret');
  await expect(readSecret(folder, 'password_file x')).rejects.toThrow('password_file x: cannot be read');
});
