import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import {
  changePins,
  defaultModelsFolder,
  installedFiles,
  installedNames,
  removeModel,
  verifyModel,
} from '../../../src/models/installed/installed.ts';
import { type Pin, pinsOf } from '../../../src/models/installed/lock-file.ts';
import { sha256 } from '../../../tools/test/loopback-hub.ts';

const signal = new AbortController().signal;
const bytes = Buffer.from('GGUF and more');
let models = '';

beforeEach(() => {
  models = mkdtempSync(join(tmpdir(), 'scenecast-installed-'));
  return () => rmSync(models, { recursive: true });
});

function put(model: string, ...files: string[]): void {
  mkdirSync(join(models, model), { recursive: true });
  for (const file of files) writeFileSync(join(models, model, file), bytes);
}

async function pin(model: string, ...files: string[]): Promise<void> {
  const made: Pin = {
    role: null,
    address: 'hf:o/r/x.gguf',
    revision: null,
    sizeBytes: bytes.length,
    sha256: sha256(bytes),
    checkedAgainst: 'sha256',
    pinnedAt: '2026-01-01T00:00:00.000Z',
    quantized: null,
    isKept: false,
  };
  await changePins(models, model, (pins) => ({
    ...pins,
    ...Object.fromEntries(files.map((file) => [file, made])),
  }));
}

test.each([
  [{ STATE_DIRECTORY: '/var/lib/scenecast', HOME: '/root' }, '/var/lib/scenecast/models'],
  [{ STATE_DIRECTORY: '/var/lib/a:/var/lib/b' }, '/var/lib/a/models'],
  [{ XDG_STATE_HOME: '/x', HOME: '/h' }, '/x/scenecast/models'],
  [{ HOME: '/h' }, '/h/.local/state/scenecast/models'],
])('with %j models are kept in %s', (env, folder) => {
  expect(defaultModelsFolder(env)).toBe(folder);
});

test('any folder with a GGUF is a model', async () => {
  put('pulled', 'x.gguf', 'x.gguf.part');
  put('own', 'y.gguf', 'notes.txt');
  put('not-one', 'notes.txt');
  put('.hidden', 'z.gguf');
  await pin('pulled', 'x.gguf');
  expect(await installedNames(models)).toEqual(['own', 'pulled']);
  expect((await installedFiles(models, 'pulled')).map(({ name, record }) => [name, record?.sha256])).toEqual([
    ['x.gguf', sha256(bytes)],
  ]);
  expect((await installedFiles(models, 'own')).map(({ name, record }) => [name, record])).toEqual([
    ['y.gguf', null],
  ]);
  expect(await installedNames(join(models, 'gone'))).toEqual([]);
});

test('verifying tells good, changed, missing and unpinned files apart', async () => {
  put('m', 'good.gguf', 'changed.gguf', 'unpinned.gguf');
  await pin('m', 'good.gguf', 'changed.gguf', 'missing.gguf');
  writeFileSync(join(models, 'm/changed.gguf'), 'GGUF and mode');
  const states = (await verifyModel(models, 'm', signal)).map(({ name, state }) => [name, state]);
  expect(Object.fromEntries(states)).toEqual({
    'good.gguf': 'good',
    'changed.gguf': 'changed',
    'missing.gguf': 'missing',
    'unpinned.gguf': 'unpinned',
  });
});

test('removing deletes the files and keeps the pins', async () => {
  put('m', 'x.gguf', 'y.gguf.part', 'y.gguf.part.json');
  await pin('m', 'x.gguf');
  expect(await removeModel(models, 'm', false)).toEqual({ freedBytes: 3 * bytes.length, left: [] });
  expect(existsSync(join(models, 'm'))).toBe(false);
  expect(Object.keys(await pinsOf(models, 'm'))).toEqual(['x.gguf']);
  await removeModel(models, 'm', true);
  expect(await pinsOf(models, 'm')).toEqual({});
});

test('removing leaves other files', async () => {
  put('m', 'x.gguf', 'notes.txt');
  expect(await removeModel(models, 'm', false)).toMatchObject({ left: ['notes.txt'] });
  expect(readdirSync(join(models, 'm'))).toEqual(['notes.txt']);
  await expect(removeModel(models, 'm', false)).rejects.toThrow(/no model found/);
});

test('of a linked model only the link is removed', async () => {
  put('elsewhere', 'x.gguf');
  symlinkSync(join(models, 'elsewhere'), join(models, 'm'));
  await removeModel(models, 'm', false);
  expect(readdirSync(models)).toEqual(['elsewhere']);
  expect(readdirSync(join(models, 'elsewhere'))).toEqual(['x.gguf']);
});

test.each(['../m', '/etc', '.', '..', 'M', 'a/b', ''])('"%s" is not a valid model name', async (name) => {
  put('m', 'x.gguf');
  await expect(removeModel(models, name, true)).rejects.toThrow(/not a valid model name/);
  await expect(verifyModel(models, name, signal)).rejects.toThrow(/not a valid model name/);
  expect(await installedNames(models)).toEqual(['m']);
});
