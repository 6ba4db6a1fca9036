import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { defaultHubAccess } from '../../src/models/download/hub-request.ts';
import { pullModel } from '../../src/models/download/pull.ts';
import { ggufBytes, LoopbackHub } from '../../tools/test/loopback-hub.ts';
import { source } from '../models/download/pull-bench.ts';

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-disk-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function pullTo(
  modelsFolder: string,
  freeBytes: () => Promise<number> = async () => 1e12,
): Promise<Error> {
  const hub = await new LoopbackHub().start();
  hub.files.set('o/r/mmproj.gguf', ggufBytes(1000, 1));
  const signal = AbortSignal.timeout(10_000);
  const access = { ...defaultHubAccess, endpoints: { hf: hub.endpoint, modelscope: hub.endpoint }, signal };
  const tower = { chosen: null, standard: 'F16', quantize: () => Promise.resolve() } as const;
  const request = { name: 'm', sources: [source('hf:o/r/mmproj.gguf')], acceptChange: false, tower };
  try {
    return await pullModel(request, modelsFolder, access, () => {}, freeBytes).then(
      () => new Error('it was pulled'),
      (error: Error) => error,
    );
  } finally {
    await hub.close();
  }
}

test('a folder that cannot be written is named, with the remedy', async () => {
  const { message, name } = await pullTo('/sys/kernel');
  expect(name).toBe('ScenecastError');
  expect(message).toMatch(
    /^\/sys\/kernel\/m: cannot be written; choose another folder with --dir.*\((EPERM|EACCES|EROFS)\)$/,
  );
});

test('a file where a folder should be is named', async () => {
  const file = join(scratch(), 'file');
  writeFileSync(file, '');
  expect((await pullTo(file)).message).toMatch(
    /a file is in the way; remove it, or choose another folder.*ENOTDIR/,
  );
});

test.each([
  ['ENOSPC', /the disk is full; free some space and run the same command again \(ENOSPC\)/],
  ['EDQUOT', /your disk quota is used up/],
  ['EFBIG', /does not hold files of this size \(FAT32: 4 GiB\)/],
  ['EIO', /the disk reports an error; look at dmesg/],
])('%s during the download is named', async (code, message) => {
  const folder = scratch();
  const fail = (): Promise<number> => Promise.reject(Object.assign(new Error('write'), { code }));
  expect((await pullTo(folder, fail)).message).toMatch(message);
});
