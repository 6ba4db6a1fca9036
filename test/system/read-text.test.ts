import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ConfigError } from '../../src/domain/errors.ts';
import { readSecret } from '../../src/system/read-secret.ts';
import { readOptionalText, readText, readUtf8 } from '../../src/system/read-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenecast-text-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'file');
writeFileSync(path, 'se cret \t\r\na comment\n');

test('a file that cannot be read is named, and why', async () => {
  expect(await readText(path, 'mqtt.ca_file')).toContain('a comment');
  const missing = readText(join(folder, 'none'), 'mqtt.ca_file none');
  await expect(missing).rejects.toThrow(ConfigError);
  await expect(missing).rejects.toThrow('mqtt.ca_file none: cannot be read: there is no file /');
});

test('an optional file may be missing, but not unreadable', async () => {
  expect(await readOptionalText(join(folder, 'none'))).toBeNull();
  await expect(readOptionalText(folder)).rejects.toThrow(
    `${folder}: cannot be read: it is a folder, not a file`,
  );
});

const holding = (bytes: string | Buffer): string => {
  const file = join(folder, 'written');
  writeFileSync(file, bytes);
  return file;
};

test.each([
  ['spaces around it', ' se cret \t\r\na comment\n', ' se cret \t'],
  ['no line end', 'se cret', 'se cret'],
  ['a byte order mark', '\uFEFFse cret\n', 'se cret'],
  ['line ends of a Macintosh', 'se cret\ra comment', 'se cret'],
  ['letters beyond ASCII', 'gehëim 🔑\n', 'gehëim 🔑'],
])('a secret is the first line, without its end: %s', async (_name, text, secret) => {
  expect(await readSecret(holding(text), 'password_file')).toBe(secret);
});

test.each([
  ['in UTF-16', Buffer.from('\uFEFFgeheim\r\n', 'utf16le'), /is encoded as UTF-16; save it as UTF-8/],
  ['in UTF-16 without a mark', Buffer.from('geheim', 'utf16le'), /is encoded as UTF-16/],
  ['in UTF-16, high byte first', Buffer.from('\uFEFFgeheim', 'utf16le').swap16(), /is encoded as UTF-16/],
  ['in Latin-1', Buffer.from('geheim\xfc', 'latin1'), /line 1 is not UTF-8/],
  ['that is empty', '', /its first line is empty/],
  ['with an empty first line', '\r\ngeheim', /its first line is empty/],
  ['that is huge', 'geheim'.repeat(20_000), /larger than 64 KiB/],
])('a secret %s is refused by name, and not repeated', async (_name, bytes, fault) => {
  const read = readSecret(holding(bytes), 'mqtt.password_file pw');
  await expect(read).rejects.toThrow(fault);
  await expect(read).rejects.toThrow(/^mqtt\.password_file pw: (?!.*geheim)/);
  await expect(read).rejects.toMatchObject({ exitCode: 78 });
});

test('a secret that is a folder is named', async () => {
  await expect(readSecret(folder, 'password_file x')).rejects.toThrow('password_file x: cannot be read');
});

test('the first line that is not UTF-8 is named', async () => {
  const bytes = Buffer.from('a: b\nä: ö\nc: \xfc\n', 'utf8');
  bytes[bytes.length - 2] = 0xfc;
  await expect(readUtf8(holding(bytes), 'config c', 1000)).rejects.toThrow('config c: line 3 is not UTF-8');
  await expect(readUtf8(holding('€'.repeat(10)), 'config c', 29)).rejects.toThrow(/larger than/);
  expect(await readUtf8(holding('\uFEFF€'), 'config c', 29)).toBe('€');
});
