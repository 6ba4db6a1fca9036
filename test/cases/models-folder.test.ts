import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { Board } from '../../src/board/board.ts';
import { pullSourcesOf } from '../../src/cli/pull-sources.ts';
import { loadCatalogue } from '../../src/models/catalogue.ts';
import { readJson } from '../../src/models/convert/json-file.ts';
import { SafetensorsFile } from '../../src/models/convert/safetensors-file.ts';
import { readSentencePieceModel } from '../../src/models/convert/sentencepiece-model.ts';
import { fileNameOf, formatAddress, modelNameOf, parseAddress } from '../../src/models/hub-address.ts';
import { locateModel, wholeGguf } from '../../src/models/installed/locate.ts';
import { writePullNote } from '../../src/models/installed/pull-note.ts';
import { tuneKeyOf } from '../../src/setup/tuning.ts';
import { ggufBytes } from '../../tools/test/loopback-hub.ts';
import { PullBench, source, text } from '../models/download/pull-bench.ts';

let bench: PullBench;
beforeEach(async () => {
  bench = await PullBench.open();
  return () => bench.close();
});

const part = (number: number, count = 3): string =>
  `big-${String(number).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.gguf`;

function fill(...names: string[]): string {
  mkdirSync(bench.path(), { recursive: true });
  for (const name of names) writeFileSync(bench.path(name), 'GGUF');
  return bench.path();
}

/** What `models pull` pulls for its arguments. */
const wanted = (...names: string[]) =>
  pullSourcesOf({ names, modelName: 'm', fileName: undefined }, loadCatalogue(), bench.models);

test('a split model is its first part', async () => {
  const folder = fill(part(2), part(1), part(3), 'mmproj.gguf');
  expect(await locateModel(folder)).toEqual({
    text: bench.path(part(1)),
    mmproj: bench.path('mmproj.gguf'),
  });
  expect(await wholeGguf(bench.path(part(2)))).toBe(bench.path(part(1)));
});

test.each([
  ['another part', [part(1), part(3), 'mmproj.gguf'], `lacks ${part(2)}, a part of its text model`],
  ['the first part', [part(2), part(3), 'mmproj.gguf'], `lacks ${part(1)}, a part of`],
  [
    'nothing, but there is another model',
    ['a.gguf', part(1), part(2), part(3), 'mmproj.gguf'],
    'holds 2 files',
  ],
  [
    'nothing, but there is another split',
    [part(1, 1), part(1, 2), part(2, 2), 'mmproj.gguf'],
    'holds 2 files',
  ],
])('a split model that lacks %s is refused', async (_what, names, message) => {
  await expect(locateModel(fill(...names))).rejects.toThrow(message);
});

test('a file that is only named like a part is none', async () => {
  expect((await locateModel(fill('big-00004-of-00003.gguf', 'mmproj.gguf'))).text).toMatch(/00004-of-00003/);
});

test('a named part whose siblings are missing is refused', async () => {
  fill(part(1), part(2));
  await expect(wholeGguf(bench.path(part(1)))).rejects.toThrow(
    `${part(3)}: missing; ${part(1)} is one of 3 parts of a model`,
  );
});

test('measurements of a split model belong to all of its parts', async () => {
  const files = { text: bench.path(part(1)), mmproj: bench.path('mmproj.gguf') };
  fill(part(1), part(2), part(3), 'mmproj.gguf');
  const board = { clusters: [], model: 'b' } as unknown as Board;
  expect(await tuneKeyOf(files, board)).toBe(`${part(1)} 12, mmproj.gguf 4, b`);
});

test('all parts of a split model are pulled, whichever is named, and counted', async () => {
  for (const number of [1, 2, 3]) bench.hub.files.set(`o/r/${part(number)}`, ggufBytes(100_000, number));
  const { sources } = await wanted(`hf:o/r/${part(2)}`, 'hf:o/r/mmproj.gguf');
  const pulled = await bench.pull({ sources: sources.map((files) => [...files]) });
  expect(pulled.fault).toBeNull();
  expect(readdirSync(bench.path()).sort()).toEqual([part(1), part(2), part(3), 'mmproj.gguf']);
  expect(bench.events.find(({ type }) => type === 'source')).toMatchObject({ sizeBytes: 400_000 });
  expect((await locateModel(bench.path())).text).toBe(bench.path(part(1)));
});

test('a part that the hub does not have is named, before anything is downloaded', async () => {
  for (const number of [1, 3]) bench.hub.files.set(`o/r/${part(number)}`, ggufBytes(100_000, number));
  const { sources } = await wanted(`hf:o/r/${part(1)}`, 'hf:o/r/mmproj.gguf');
  await expect(bench.pull({ sources: sources.map((files) => [...files]) })).rejects.toThrow(
    /big-00002-of-00003\.gguf answered 404: no such file/,
  );
  expect(bench.hub.downloads).toEqual([]);
});

test('a part given as a URL of its own keeps its query', async () => {
  const url = (number: number): string => `https://example.org/a/${part(number, 2)}?s=${number}`;
  const { sources } = await wanted(url(1), url(2));
  expect(sources[0]!.map(({ address }) => 'url' in address && address.url.search)).toEqual(['?s=1', '?s=2']);
});

test.each([
  ['the projector', ['hf:o/r/text.gguf'], 'holds no projector; it needs exactly one *mmproj*.gguf'],
  ['the text model', ['hf:o/r/mmproj.gguf'], 'holds no text model; it needs exactly one *.gguf'],
])('a pull without %s says so before its download, and at its end', async (_what, addresses, fault) => {
  const pulled = await bench.pull({ sources: [source(...addresses)] });
  expect(bench.events[0]).toEqual({ type: 'incomplete', fault });
  expect(pulled.fault).toBe(fault);
});

test('a second text model in the same folder is named at the pull', async () => {
  bench.hub.files.set('o/r/other.gguf', text);
  await bench.pull({ sources: [source('hf:o/r/text.gguf', 'hf:o/r/mmproj.gguf')] });
  const { fault } = await bench.pull({ sources: [source('hf:o/r/other.gguf')] });
  expect(fault).toMatch(/^holds 2 files \(other\.gguf, text\.gguf\) for the text model/);
});

test('a projector that is added later completes the model, and other files are no models', async () => {
  await bench.pull({ sources: [source('hf:o/r/text.gguf')] });
  expect((await bench.pull({ sources: [source('hf:o/r/mmproj.gguf')] })).fault).toBeNull();
  expect((await bench.pull({ name: 'n', sources: [source('hf:o/r/config.json')] })).fault).toBeNull();
});

async function cutPull(): Promise<void> {
  const stop = new AbortController();
  bench.hub.fault = () => ({ slow: { pieceBytes: 20_000, pauseMs: 5 } });
  const pulling = bench.pull({
    sources: [source('hf:o/r/text.gguf', 'hf:o/r/mmproj.gguf')],
    signal: stop.signal,
    onEvent: (event) => event.type === 'progress' && event.doneBytes >= 60_000 && stop.abort(),
  });
  await expect(pulling).rejects.toThrow(/m: stopped/);
  bench.hub.fault = () => null;
}

test('a pull that was cut is named as such, and resumed by the name alone', async () => {
  await cutPull();
  await expect(locateModel(bench.path())).rejects.toThrow(
    `not wholly downloaded (text.gguf.part): run scenecast models pull m --dir ${bench.models}`,
  );
  const earlier = { names: ['m'], modelName: undefined, fileName: undefined };
  const { name, sources } = await pullSourcesOf(earlier, loadCatalogue(), bench.models);
  await bench.pull({ name, sources: sources.map((files) => [...files]) });
  expect(await locateModel(bench.path())).toMatchObject({ mmproj: bench.path('mmproj.gguf') });
  expect(readdirSync(bench.models).sort()).toEqual(['m', 'models.lock.json']);
});

test('a pull whose address had a query, which may be a signature, asks for that address', async () => {
  const address = parseAddress('https://h.invalid/text.gguf?signature=geheim');
  await writePullNote(bench.models, 'm', [{ address, name: 'text.gguf' }]);
  const named = { names: ['m'], modelName: undefined, fileName: undefined };
  const fault = await pullSourcesOf(named, loadCatalogue(), bench.models).catch((error: Error) => error);
  expect(fault).toMatchObject({ exitCode: 78 });
  expect((fault as Error).message).toMatch(/^m: text\.gguf .*with the whole address and --name m$/);
  expect(readFileSync(join(bench.models, '.m.pull.json'), 'utf8')).not.toContain('geheim');
});

test('the same for a pull that was cut between two files', async () => {
  await cutPull();
  for (const name of ['text.gguf.part', 'text.gguf.part.json']) rmSync(bench.path(name));
  writeFileSync(bench.path('text.gguf'), text);
  await expect(locateModel(bench.path())).rejects.toThrow(
    'not wholly downloaded: run scenecast models pull m',
  );
});

test('a file of a pulled model that was deleted is named', async () => {
  await bench.pull({ sources: [source('hf:o/r/text.gguf', 'hf:o/r/mmproj.gguf')] });
  rmSync(bench.path('mmproj.gguf'));
  await expect(locateModel(bench.path())).rejects.toThrow(
    'not wholly downloaded (mmproj.gguf): run scenecast models pull m',
  );
});

test('a complete model with a part beside it is used', async () => {
  writeFileSync(join(fill('a.gguf', 'mmproj.gguf'), 'b.gguf.part'), 'x');
  expect((await locateModel(bench.path())).text).toBe(bench.path('a.gguf'));
});

test('a pull that fails before it has any data leaves nothing to resume', async () => {
  await expect(bench.pull({ sources: [source('hf:o/r/gone.gguf')] })).rejects.toThrow(/answered 404/);
  expect(existsSync(bench.path())).toBe(false);
  expect(readdirSync(bench.models)).toEqual([]);
});

const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 123456\n`;
const command = /: a Git LFS pointer of 1\d\d bytes, .*run git lfs install, then git lfs pull$/;

test.each([
  ['as it is written', pointer],
  ['of the first version', pointer.replace('git-lfs.github', 'hawser.github')],
  ['with line ends of Windows', pointer.replaceAll('\n', '\r\n')],
])('a Git LFS pointer %s in place of a GGUF is named, with the command', async (_what, content) => {
  fill('a.gguf', 'mmproj.gguf');
  writeFileSync(bench.path('mmproj.gguf'), content);
  await expect(locateModel(bench.path())).rejects.toThrow(command);
  await expect(wholeGguf(bench.path('mmproj.gguf'))).rejects.toThrow(command);
});

test('a pointer in place of a part is named', async () => {
  fill(part(1, 2), part(2, 2), 'mmproj.gguf');
  writeFileSync(bench.path(part(2, 2)), pointer);
  await expect(locateModel(bench.path())).rejects.toThrow(command);
});

test('a saved web page in place of a GGUF is named', async () => {
  fill('a.gguf', 'mmproj.gguf');
  writeFileSync(bench.path('a.gguf'), '\n<!DOCTYPE html><title>Log in</title>');
  await expect(locateModel(bench.path())).rejects.toThrow(/a\.gguf: a web page of \d+ bytes, not the file/);
});

test('a pointer in place of any file of a checkpoint is named', async () => {
  const path = join(fill(), 'file');
  writeFileSync(path, pointer);
  await expect(SafetensorsFile.open(path)).rejects.toThrow(command);
  await expect(readJson(path, z.unknown())).rejects.toThrow(command);
  expect(() => readSentencePieceModel(path, Buffer.from(pointer))).toThrow(command);
});

test('a server that sends a pointer is refused with the address that has the file', async () => {
  bench.hub.files.set('o/r/tokenizer.model', Buffer.from(pointer));
  for (const name of ['text.gguf', 'tokenizer.model']) {
    bench.hub.files.set(`o/r/${name}`, Buffer.from(pointer));
    const sources = [source(bench.hub.plainUrl(`o/r/${name}`))];
    await expect(bench.pull({ sources })).rejects.toThrow(
      /a Git LFS pointer; use the address of the file itself/,
    );
  }
  expect(existsSync(bench.path())).toBe(false);
});

test.each([
  ['https://example.org/my model (v2).gguf', 'my-model-v2.gguf', 'my-model-v2'],
  ['https://example.org/my%20model.gguf?s=1', 'my-model.gguf', 'my-model'],
  ['hf:o/r/My%20Model.Q4_0.gguf', 'My-Model.Q4_0.gguf', 'r'],
  ['hf:o/r/My Model.Q4_0.gguf', 'My-Model.Q4_0.gguf', 'r'],
  ['hf:o/r/modèle.GGUF', 'modele.gguf', 'r'],
  ['hf:o/r/100%.gguf', '100.gguf', 'r'],
  ['hf:o/r/-rf.gguf', 'rf.gguf', 'r'],
  ['https://huggingface.co/o/r/raw/main/x.gguf', 'x.gguf', 'r'],
])('%s is stored as %s', (address, file, model) => {
  const parsed = parseAddress(address);
  expect([fileNameOf(parsed), modelNameOf(parsed)]).toEqual([file, model]);
});

test('a file whose name has a space is pulled', async () => {
  bench.hub.files.set('o/r/My Model.gguf', text);
  for (const address of ['hf:o/r/My Model.gguf', 'hf:o/r/My%20Model.gguf', 'modelscope:o/r/My Model.gguf']) {
    const { files } = await bench.pull({ sources: [source(address)] });
    expect(files[0]?.name).toBe('My-Model.gguf');
    rmSync(bench.path(), { recursive: true });
  }
  expect(formatAddress(parseAddress('hf:o/r/My%20Model.gguf'))).toBe('hf:o/r/My Model.gguf');
});

test.each(['hf:o/r/模型.gguf', 'https://example.org/', `hf:o/r/${'x'.repeat(250)}.gguf`])(
  '%s needs a name of its own',
  async (address) => {
    await expect(wanted(address)).rejects.toThrow(/; choose one with --as/);
    const named = { names: [address], modelName: 'm', fileName: 'text.gguf' };
    const { sources } = await pullSourcesOf(named, loadCatalogue(), bench.models);
    expect(sources[0]![0]!.name).toBe('text.gguf');
  },
);

test.each(['../x.gguf', '.x', 'a b'])('--as %s is refused', async (fileName) => {
  const named = { names: ['hf:o/r/x.gguf'], modelName: 'm', fileName };
  await expect(pullSourcesOf(named, loadCatalogue(), bench.models)).rejects.toThrow(
    /^--as: ".*" is not a valid/,
  );
});

test('a path with encoded dots does not lead out of the repository', () => {
  expect(() => parseAddress('hf:o/r/..%2F..%2Fx.gguf')).toThrow(/is not a path inside a repository/);
});

test('a file pulled under another name is present under that name', async () => {
  const address = parseAddress('hf:o/r/mmproj.gguf');
  const sources = [[{ address, name: 'mmproj-b.gguf', role: null, sha256: null }]];
  await bench.pull({ sources });
  expect(await bench.pull({ sources })).toMatchObject({ status: 'present' });
  expect(readdirSync(bench.path())).toEqual(['mmproj-b.gguf']);
});
