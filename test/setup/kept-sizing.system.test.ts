import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { keptSizing } from '../../src/setup/kept-sizing.ts';
import type { SizeRequest } from '../../src/vision/one-shot/size-request.ts';

const demo = join(import.meta.dirname, '../../models/demo');
const node = process.execPath;
let folder: string;
let request: SizeRequest;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-sizing-'));
  vi.stubEnv('STATE_DIRECTORY', join(folder, 'state'));
  const paths = ['demo-text-f16.gguf', 'demo-mmproj-f16.gguf'].map((name) => {
    copyFileSync(join(demo, name), join(folder, name));
    return join(folder, name);
  });
  request = {
    ...{ textPath: paths[0]!, mmprojPath: paths[1]!, chatTemplate: null, cpuModule: null, ubatchSize: 576 },
    ...{ pictureSizes: [{ width: 640, height: 480 }], prompts: ['Describe the scene.'], questions: [] },
  };
  onTestFinished(() => {
    process.execPath = node;
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
});

/** From now on a sizing that is not kept fails. */
function forbidProcesses(): void {
  process.execPath = '/no/such/node';
}

const notKept = { code: 'NOT_STARTED' };

test('a model is sized once', async () => {
  const sizing = await keptSizing(request);
  forbidProcesses();
  expect(await keptSizing(request)).toEqual(sizing);
});

test('a changed file is sized again', async () => {
  await keptSizing(request);
  forbidProcesses();
  for (const path of [request.textPath, request.mmprojPath]) {
    utimesSync(path, 1, 1);
    await expect(keptSizing(request)).rejects.toMatchObject(notKept);
  }
});

test('a changed part of a split model is sized again', async () => {
  const script = join(import.meta.dirname, '../cases/split-gguf.py');
  execFileSync('python3', [script, request.textPath, join(folder, 'text'), '2']);
  const [first, second] = [1, 2].map((number) => join(folder, `text-0000${number}-of-00002.gguf`)) as [
    string,
    string,
  ];
  const split = { ...request, textPath: first };
  const sizing = await keptSizing(split);
  expect(sizing.textBytes).toBe((await keptSizing(request)).textBytes);
  forbidProcesses();
  expect(await keptSizing(split)).toEqual(sizing);
  utimesSync(second, 1, 1);
  await expect(keptSizing(split)).rejects.toMatchObject(notKept);
});

test('another job, CPU module or model is sized again', async () => {
  await keptSizing(request);
  forbidProcesses();
  const changes: Partial<SizeRequest>[] = [
    { pictureSizes: [{ width: 1280, height: 720 }] },
    { prompts: ['What is there?'] },
    { questions: [[{ ask: 'Is it dark?', type: { kind: 'boolean' } }]] },
    { ubatchSize: 128 },
    { chatTemplate: 'vicuna' },
    { maxImageTokens: 200 },
    { cpuModule: '/lib/other.so' },
    { textPath: join(demo, 'demo-text-f16.gguf') },
  ];
  for (const change of changes)
    await expect(keptSizing({ ...request, ...change })).rejects.toMatchObject(notKept);
});

test('a damaged file of sizings is ignored and rewritten', async () => {
  const path = join(folder, 'state/sizing.json');
  const sizing = await keptSizing(request);
  const text = readFileSync(path, 'utf8');
  for (const damaged of [text.slice(0, 200), text.replace(/"textBytes": \d+/, '"textBytes": -1')]) {
    process.execPath = node;
    writeFileSync(path, damaged);
    expect(await keptSizing(request)).toEqual(sizing);
    forbidProcesses();
    expect(await keptSizing(request)).toEqual(sizing);
  }
});

test('a state folder that cannot be written is no fault', async () => {
  const file = join(folder, 'a-file');
  writeFileSync(file, '');
  vi.stubEnv('STATE_DIRECTORY', file);
  expect(await keptSizing(request)).toMatchObject({ ubatchSize: 576 });
});

test('a model that cannot be sized is not kept', async () => {
  mkdirSync(join(folder, 'state'));
  writeFileSync(request.textPath, 'no model');
  await expect(keptSizing(request)).rejects.toMatchObject({ code: 'NOT_GGUF' });
  await expect(keptSizing(request)).rejects.toMatchObject({ code: 'NOT_GGUF' });
});
