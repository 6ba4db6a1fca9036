import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { PullFile } from '../../../src/models/download/source.ts';
import { pinsOf, readLockFile } from '../../../src/models/installed/lock-file.ts';
import { ggufBytes, sha256 } from '../../../tools/test/loopback-hub.ts';
import { until } from '../../../tools/test/until.ts';
import { mmproj, PullBench, source, text, textFile } from './pull-bench.ts';

let bench: PullBench;
beforeEach(async () => {
  bench = await PullBench.open();
  return () => bench.close();
});

test('both files of a model come from Hugging Face, at one commit, with the digest of the repository', async () => {
  const pulled = await bench.pull({ sources: [source('hf:o/r/text.gguf', 'hf:o/r/mmproj.gguf')] });
  expect(pulled).toMatchObject({ name: 'm', folder: bench.path(), status: 'pulled' });
  expect(pulled.files.map(({ name, pin }) => [name, pin.sha256, pin.checkedAgainst, pin.revision])).toEqual([
    ['text.gguf', sha256(text), 'sha256', bench.hub.commit],
    ['mmproj.gguf', sha256(mmproj), 'sha256', bench.hub.commit],
  ]);
  expect(readFileSync(bench.path('mmproj.gguf')).equals(mmproj)).toBe(true);
  expect(await pinsOf(bench.models, 'm')).toMatchObject({ 'text.gguf': { address: 'hf:o/r/text.gguf' } });
});

test('the same from ModelScope', async () => {
  const { files } = await bench.pull({ sources: [source('modelscope:o/r/text.gguf')] });
  expect(files[0]?.pin).toMatchObject({ sha256: sha256(text), checkedAgainst: 'sha256' });
  bench.expectWhole();
});

test('a small file that is not in LFS is checked by the SHA-1 of its git blob', async () => {
  const { files } = await bench.pull({ sources: [source('hf:o/r/config.json')] });
  expect(files[0]?.pin).toMatchObject({ checkedAgainst: 'git-sha1', sha256: sha256(Buffer.from('{}')) });
});

test('a mirror without the tree API is checked by the digest of its download', async () => {
  bench.hub.hasTree = false;
  const { files } = await bench.pull();
  expect(files[0]?.pin.checkedAgainst).toBe('sha256');
});

test('a plain URL has no digest to check, and is pinned as downloaded', async () => {
  const { files } = await bench.pull({
    sources: [source(`${bench.hub.plainUrl(textFile)}?Signature=secret`)],
  });
  expect(files[0]?.pin).toMatchObject({ checkedAgainst: null, address: bench.hub.plainUrl(textFile) });
  bench.expectWhole();
  expect(readFileSync(join(bench.models, 'models.lock.json'), 'utf8')).not.toContain('secret');
});

test('files that match their pins are not requested again', async () => {
  await bench.pull();
  await bench.hub.close();
  expect(await bench.pull()).toMatchObject({ status: 'present' });
});

test('a file changed on the disk is downloaded again', async () => {
  await bench.pull();
  writeFileSync(bench.path('text.gguf'), ggufBytes(text.length, 9));
  expect(await bench.pull()).toMatchObject({ status: 'pulled' });
  bench.expectWhole();
});

test('an existing file with the right digest is pinned without a download', async () => {
  await bench.pull({ sources: [source('hf:o/r/mmproj.gguf')] });
  writeFileSync(bench.path('text.gguf'), text);
  await bench.pull();
  expect(bench.hub.downloads.filter(({ path }) => path.includes('text.gguf'))).toEqual([]);
  expect((await pinsOf(bench.models, 'm'))['text.gguf']).toMatchObject({ sha256: sha256(text) });
});

test('a file changed on the hub since it was pinned is refused before the download', async () => {
  await bench.pull();
  rmSync(bench.path('text.gguf'));
  const changed = ggufBytes(300_000, 8);
  bench.hub.files.set(textFile, changed);
  const before = bench.hub.downloads.length;
  await expect(bench.pull()).rejects.toThrow(
    new RegExp(`its SHA-256 is ${sha256(changed)}, but ${sha256(text)} was pinned on .*--accept-change`),
  );
  expect(bench.hub.downloads).toHaveLength(before);
  expect(existsSync(bench.path())).toBe(false);
  await bench.pull({ acceptChange: true });
  bench.expectWhole(changed);
  expect((await pinsOf(bench.models, 'm'))['text.gguf']?.sha256).toBe(sha256(changed));
});

test('the same for a plain URL, after the download', async () => {
  const sources = [source(bench.hub.plainUrl(textFile))];
  await bench.pull({ sources });
  rmSync(bench.path('text.gguf'));
  bench.hub.files.set(textFile, ggufBytes(300_000, 8));
  await expect(bench.pull({ sources })).rejects.toThrow(/was pinned on/);
  expect(existsSync(bench.path())).toBe(false);
});

test("a file that is not the catalogue's is refused", async () => {
  const [file] = source('hf:o/r/text.gguf') as [PullFile];
  await expect(bench.pull({ sources: [[{ ...file, sha256: 'b'.repeat(64) }]] })).rejects.toThrow(
    /but the catalogue has b{64}/,
  );
  expect(bench.hub.downloads).toEqual([]);
});

test('an invalid lock file stops the pull', async () => {
  writeFileSync(join(bench.models, 'models.lock.json'), '{"schema": 2}');
  await expect(bench.pull()).rejects.toThrow(/models\.lock\.json: .*; repair it, or remove it/s);
  expect(bench.hub.seen).toEqual([]);
});

test('without enough space nothing is downloaded, and the error has the figures', async () => {
  await expect(bench.pull({ freeBytes: 100_000_000 })).rejects.toThrow(
    /needs 300 kB and 268 MB must stay free, but only 100 MB is free; free 169 MB more/,
  );
  expect(bench.hub.downloads).toEqual([]);
  await expect(
    bench.pull({ freeBytes: 100_000_000, sources: [source(bench.hub.plainUrl(textFile))] }),
  ).rejects.toThrow(/the download needs 300 kB/);
});

test('the second source is used if the first does not have the files; all files come from one source', async () => {
  bench.hub.files.set('p/q/text-b.gguf', text).set('p/q/mmproj.gguf', mmproj);
  const sources = [
    source('modelscope:gone/gone/text.gguf', 'modelscope:gone/gone/mmproj.gguf'),
    source('hf:p/q/text-b.gguf', 'hf:p/q/mmproj.gguf'),
  ];
  const { files } = await bench.pull({ sources });
  expect(files.map(({ pin }) => pin.address)).toEqual(['hf:p/q/text-b.gguf', 'hf:p/q/mmproj.gguf']);
  expect(bench.said('source-failed')[0]).toMatch(
    /modelscope:gone\/gone: text\.gguf is not in the repository at master/,
  );
});

test('a part is resumed from another hub that has the same bytes, and no part is left', async () => {
  bench.hub.files.set('p/q/text.gguf', text);
  bench.hub.fault = (_request, file) =>
    file === textFile ? { cutAfterBytes: 200_000, ignoreRange: true } : null;
  await bench.pull({ sources: [source('modelscope:o/r/text.gguf'), source('hf:p/q/text.gguf')] });
  bench.expectWhole();
  expect(bench.hub.downloads.at(-1)?.headers.range).toBe('bytes=200000-');
});

test('if no source has it, the error has each reason', async () => {
  await expect(
    bench.pull({ sources: [source('hf:x/y/text.gguf'), source('modelscope:x/y/text.gguf')] }),
  ).rejects.toThrow(
    /m: not available from any source:\n {2}.*answered 404: no such file\n {2}modelscope:x\/y/,
  );
});

test('the next pull completes one killed between pinning and renaming', async () => {
  bench.breakFirst({ cutAfterBytes: 150_000 });
  await bench.pull();
  const pins = await pinsOf(bench.models, 'm');
  renameSync(bench.path('text.gguf'), bench.path('text.gguf.part'));
  const state = {
    schema: 1,
    address: 'hf:o/r/text.gguf',
    digest: `sha256:${sha256(text)}`,
    sizeBytes: 300_000,
  };
  writeFileSync(bench.path('text.gguf.part.json'), JSON.stringify({ ...state, etag: null, syncedBytes: 0 }));
  const before = bench.hub.downloads.length;
  await bench.pull();
  expect(bench.hub.downloads).toHaveLength(before);
  bench.expectWhole();
  expect((await pinsOf(bench.models, 'm'))['text.gguf']?.sha256).toBe(pins['text.gguf']?.sha256);
});

test('a second pull of the same model is refused while the first runs, of another model not', async () => {
  bench.hub.fault = () => ({ slow: { pieceBytes: 100_000, pauseMs: 30 } });
  const first = bench.pull();
  await until(() => bench.hub.downloads.length > 0);
  await expect(bench.pull()).rejects.toThrow(
    new RegExp(`m is already being pulled by process ${process.pid} .*: wait for it to finish`),
  );
  await bench.pull({ name: 'n', sources: [source('hf:o/r/mmproj.gguf')] });
  await first;
  expect(sha256(readFileSync(bench.path('text.gguf')))).toBe(sha256(text));
  expect(Object.keys(await readLockFile(bench.models))).toEqual(['m', 'n']);
});

test('two addresses that end in the same name cannot be one model', async () => {
  await expect(bench.pull({ sources: [source('hf:o/r/text.gguf', 'hf:p/q/text.gguf')] })).rejects.toThrow(
    /text\.gguf: two addresses end in this name/,
  );
});
