import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { SessionFile } from '../../src/store/session-file.ts';
import { hashPassword, isPasswordHash, isPasswordOf } from '../../src/system/password-hash.ts';
import { GateHistory } from '../../src/web/gate-history.ts';
import { Sessions } from '../../src/web/sessions.ts';
import { readStaticFiles } from '../../src/web/static-files.ts';
import { LogLines } from '../../tools/test/log-lines.ts';

const day = 86_400_000;
const forgetful = { store: { load: async () => [], save: async () => {} }, log: new LogLines() };

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-window-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a hash is that of its password alone, and never the same twice', async () => {
  const [hash, other] = [await hashPassword('correct horse'), await hashPassword('correct horse')];
  expect(hash).not.toBe(other);
  expect(await isPasswordOf(hash, 'correct horse')).toBe(true);
  expect(await isPasswordOf(hash, 'correct horsf')).toBe(false);
  // A letter with its accent as one character or two.
  expect(await isPasswordOf(await hashPassword('caf\u00e9 noir'), 'cafe\u0301 noir')).toBe(true);
});

test.each([
  ['correct horse', false],
  [`$scrypt$ln=15,r=8,p=1$${'a'.repeat(22)}$${'a'.repeat(43)}`, true],
  // Too weak, too costly, and of another kind.
  [`$scrypt$ln=10,r=8,p=1$${'a'.repeat(22)}$${'a'.repeat(43)}`, false],
  [`$scrypt$ln=20,r=8,p=1$${'a'.repeat(22)}$${'a'.repeat(43)}`, false],
  [`$argon2id$ln=15,r=8,p=1$${'a'.repeat(22)}$${'a'.repeat(43)}`, false],
])('%s can be checked as a hash: %s', (text, isHash) => {
  expect(isPasswordHash(text)).toBe(isHash);
});

test('a session ends when it is not used for a week, and after a month in any case', () => {
  let now = 0;
  const sessions = new Sessions({ ...forgetful, now: () => now });
  const [idle, used] = [sessions.begin('viewer', 'hash'), sessions.begin('owner', 'hash')];
  const { ended } = sessions.of(idle)!;
  for (now = 0; now < 29 * day; now += 6 * day) expect(sessions.of(used)?.role).toBe('owner');
  sessions.sweep();
  expect(ended.aborted).toBe(true);
  expect(sessions.of(idle)).toBeNull();
  now = 31 * day;
  expect(sessions.of(used)).toBeNull();
});

test('the oldest of too many sessions ends', () => {
  const sessions = new Sessions(forgetful);
  const first = sessions.begin('owner', 'hash');
  for (let more = 0; more < 100; more++) sessions.begin('owner', 'hash');
  expect(sessions.of(first)).toBeNull();
  expect(sessions.of(null)).toBeNull();
});

test('a session outlives the process, until its password changes; no token is kept', async () => {
  const path = join(temporaryFolder(), 'window.json');
  const log = new LogLines();
  const store = new SessionFile(path, log);
  const before = new Sessions({ store, log });
  const [owner, viewer, gone] = [
    before.begin('owner', 'A'),
    before.begin('viewer', 'B'),
    before.begin('owner', 'A'),
  ];
  before.end(gone);
  await before.close();
  for (const token of [owner, viewer]) expect(readFileSync(path, 'utf8')).not.toContain(token);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const after = new Sessions({ store, log });
  await after.load({ owner: 'A', viewer: 'C' });
  expect([owner, viewer, gone].map((token) => after.of(token)?.role)).toEqual([
    'owner',
    undefined,
    undefined,
  ]);
});

test('sessions that cannot be read or written are logged, and people log in again', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'window.json');
  writeFileSync(path, '{');
  const log = new LogLines();
  const sessions = new Sessions({ store: new SessionFile(path, log), log });
  await sessions.load({ owner: 'A', viewer: null });
  expect(log.lines.map(({ message }) => message)).toEqual(['window sessions cannot be read']);
  rmSync(path);
  mkdirSync(path);
  expect(sessions.of(sessions.begin('owner', 'A'))?.role).toBe('owner');
  await sessions.close();
  expect(log.lines.map(({ message }) => message)).toEqual([
    'window sessions cannot be read',
    'window sessions not saved',
  ]);
});

test('of the looks within a second the largest measure is kept, and nothing older than an hour', () => {
  let now = 1_000_000;
  const gates = new GateHistory(() => now);
  const add = (measure: number): void =>
    void gates.add('porch', { measure, threshold: 0.5, noiseFloor: 1 }, measure > 0.5);
  add(0.1);
  now += 400;
  add(3);
  now += 400;
  add(0.2);
  expect(gates.of('porch')).toMatchObject([{ measure: 3, changed: true }]);
  now += 3_600_001;
  add(0.3);
  expect(gates.of('porch')).toMatchObject([{ measure: 0.3, changed: false }]);
  expect(gates.of('yard')).toEqual([]);
});

test('the files of the page are read once and compressed, and others are left out', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'assets'));
  const script = 'console.log(1);\n'.repeat(100);
  writeFileSync(join(folder, 'index.html'), '<p>');
  writeFileSync(join(folder, 'assets/main-1.js'), script);
  writeFileSync(join(folder, 'assets/main-1.js.map'), '{}');
  const files = await readStaticFiles(folder);
  expect([...files.keys()].sort()).toEqual(['assets/main-1.js', 'index.html']);
  expect(gunzipSync(files.get('assets/main-1.js')!.gzip!).toString()).toBe(script);
  expect(files.get('index.html')!.gzip).toBeNull();
  await expect(readStaticFiles(join(folder, 'none'))).rejects.toThrow(/npm run build:web/);
});
