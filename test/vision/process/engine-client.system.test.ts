import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, onTestFinished, test, vi } from 'vitest';
import { bytesField } from '../../../src/board/kernel-files.ts';
import { changeQuestion, comparisonQuestion } from '../../../src/domain/change-question.ts';
import { backendsDir } from '../../../src/vision/native/addon.ts';
import { EngineClient } from '../../../src/vision/process/engine-client.ts';
import type { EngineOptions } from '../../../src/vision/process/protocol.ts';
import { demoEngine, demoRequest, manyQuestions } from '../../../tools/test/demo-engine.ts';
import { plainEngine } from '../../../tools/test/plain-engine.ts';
import { writeRandomModel } from '../../../tools/test/random-projectors.ts';
import { until } from '../../../tools/test/until.ts';
import { folder } from '../../native/engine-fixture.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const never = new AbortController().signal;

function clientOf(engine: Partial<EngineOptions> = {}, deadlineMs = 60_000): EngineClient {
  const client = new EngineClient({ engine: { ...demoEngine, ...engine }, deadlineMs, log });
  onTestFinished(() => client.close());
  return client;
}

test('it reports progress and what was loaded, and describes the same picture the same way twice', async () => {
  const fractions: number[] = [];
  const client = new EngineClient({
    engine: demoEngine,
    deadlineMs: 60_000,
    log,
    onProgress: (fraction) => fractions.push(fraction),
  });
  onTestFinished(() => client.close());
  const info = await client.start();
  expect(info).toMatchObject({ chatTemplate: 'gguf', contextSize: 2048, threads: 1 });
  expect(info.cpu).toMatch(/^libggml-cpu/);
  expect(fractions.at(-1)).toBe(1);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  const first = await client.describe(demoRequest, never);
  const second = await client.describe(demoRequest, never);
  expect(second.text).toBe(first.text);
  expect(first.tokens.image).toBe(268);
  for (const ms of Object.values(first.timings)) expect(ms).toBeGreaterThan(0);
});

test('its memory does not grow by the pictures that it has described', async () => {
  const client = clientOf();
  await client.start();
  const size = { width: 2048, height: 1536 };
  const bytes = await sharp({ create: { ...size, channels: 3, background: 'green' } })
    .jpeg()
    .toBuffer();
  const describe = async (times: number): Promise<number> => {
    for (let time = 0; time < times; time++)
      await client.describe({ ...demoRequest, picture: { size, bytes } }, never);
    return bytesField(readFileSync(`/proc/${client.pid}/status`, 'utf8'), 'RssAnon')!;
  };
  const earlyBytes = await describe(9);
  const laterBytes: number[] = [];
  for (let time = 0; time < 5; time++) laterBytes.push(await describe(5));
  // Each has 9 MB of pixels; V8 alone would let 64 MB gather.
  expect(Math.max(...laterBytes) - earlyBytes).toBeLessThan(28_000 * 1024);
});

test('the requested CPU module is in use', async () => {
  const name = process.arch === 'x64' ? 'libggml-cpu-x64.so' : 'libggml-cpu-armv8.0_1.so';
  const client = clientOf({ cpuModule: join(backendsDir(), name) });
  expect((await client.start()).cpu).toBe(name);
  expect((await client.describe(demoRequest, never)).text).not.toBe('');
});

test.each([
  ['is not there', '/nowhere/libggml-cpu-a720.so'],
  ['is no library', import.meta.filename],
  ['is no CPU module', join(import.meta.dirname, '../../../build/native/v4l2.node')],
])('a CPU module that %s is logged, and a prebuilt one used', async (_name, cpuModule) => {
  const warn = vi.fn();
  const client = new EngineClient({
    engine: { ...demoEngine, cpuModule },
    deadlineMs: 60_000,
    log: { ...log, warn },
  });
  onTestFinished(() => client.close());
  const info = await client.start();
  expect(existsSync(join(backendsDir(), info.cpu))).toBe(true);
  expect(warn.mock.calls.map(([, text]) => text)).toContainEqual(
    expect.stringMatching(`${cpuModule}; using node-llama-cpp's CPU module`),
  );
  expect((await client.describe(demoRequest, never)).text).not.toBe('');
});

test('an answer does not depend on earlier questions about the same picture', async () => {
  const client = clientOf();
  await client.start();
  const count = { name: 'count', ask: 'How many shapes are there?' };
  const red = { name: 'red', ask: 'Is there a red circle?' };
  const alone = await client.describe({ ...demoRequest, questions: [count] }, never);
  const after = await client.describe({ ...demoRequest, questions: [red, count] }, never);
  expect(after.answers['count']).toBe(alone.answers['count']);
  expect(after.text).toBe(alone.text);
  expect(after.answers['red']).toMatch(/^(Yes|No), there is/);
});

test.each([
  ['a file that is not there', { textPath: '/nowhere.gguf' }, 'FILE_MISSING', /\/nowhere\.gguf/],
  [
    'a file that is no GGUF',
    { textPath: import.meta.filename },
    'NOT_GGUF',
    /engine-client\.system\.test\.ts/,
  ],
  ['the projector as text model', { textPath: demoEngine.mmprojPath }, 'NOT_A_TEXT_MODEL', /demo-mmproj/],
  ['the text model as projector', { mmprojPath: demoEngine.textPath }, 'NOT_AN_MMPROJ', /demo-text/],
  ['a template that cannot be parsed', { chatTemplate: '{% if %}' }, 'BAD_TEMPLATE', /./],
  ['a template without the picture', { chatTemplate: 'nothing at all' }, 'BAD_TEMPLATE', /exactly once/],
  ['an unknown template', { chatTemplate: 'vicunia' }, 'BAD_TEMPLATE', /vicunia/],
])('%s is refused with a code', async (_name, engine, code, message) => {
  const client = clientOf(engine);
  const error = await client.start().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code });
  expect((error as Error).message).toMatch(message);
});

test('a picture that cannot be decoded fails alone; a picture too long for the context too', async () => {
  const client = clientOf({ contextSize: 512 });
  await client.start();
  const broken = { ...demoRequest.picture, bytes: demoRequest.picture.bytes.subarray(0, 2000) };
  await expect(client.describe({ ...demoRequest, picture: broken }, never)).rejects.toMatchObject({
    code: 'BAD_PICTURE',
  });
  const long = { ...demoRequest, prompt: 'Describe the scene. '.repeat(100) };
  await expect(client.describe(long, never)).rejects.toMatchObject({ code: 'CONTEXT_FULL' });
  expect((await client.describe(demoRequest, never)).text).not.toBe('');
});

test('the earlier picture of a question about what has changed goes to the engine process too', async () => {
  const { textPath, mmprojPath } = writeRandomModel(folder, 'qwen2.5vl_merger');
  const client = clientOf({ ...plainEngine, textPath, mmprojPath });
  await client.start();
  const previous = 'a gate';
  const change = { previous, ask: changeQuestion(previous) };
  const earlier = { picture: demoRequest.picture, ask: comparisonQuestion(previous) };
  const alone = await client.describe({ ...demoRequest, change }, never);
  const both = await client.describe({ ...demoRequest, change: { ...change, earlier } }, never);
  expect(both.text).toBe(alone.text);
  expect(both.tokens.image).toBe(2 * alone.tokens.image);
});

test('past its deadline the engine is killed and restarted', async () => {
  const client = clientOf({}, 4000);
  await client.start();
  const pid = client.pid!;
  process.kill(pid, 'SIGSTOP');
  await expect(client.describe(demoRequest, never)).rejects.toMatchObject({ code: 'DEADLINE' });
  expect((await client.describe({ ...demoRequest, prompt: 'Describe' }, never)).text).not.toBe('');
  expect(client.pid).not.toBe(pid);
});

test('killed while it describes, it fails that one and describes the next', async () => {
  const client = clientOf();
  await client.start();
  const slow = client.describe({ ...demoRequest, questions: manyQuestions }, never);
  setTimeout(() => process.kill(client.pid!, 'SIGKILL'), 100);
  await expect(slow).rejects.toMatchObject({ code: 'ENGINE_DIED' });
  expect((await client.describe(demoRequest, never)).text).not.toBe('');
});

test('a cancelled description is no warning in the log', async () => {
  const warn = vi.fn();
  const client = new EngineClient({ engine: demoEngine, deadlineMs: 60_000, log: { ...log, warn } });
  onTestFinished(() => client.close());
  await client.start();
  // Some of them while llama.cpp computes a graph.
  for (let delayMs = 2; delayMs <= 160; delayMs += 3) {
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(), delayMs);
    const slow = client.describe(demoRequest, cancel.signal);
    await slow.catch(() => {});
  }
  await client.describe(demoRequest, never);
  expect(warn.mock.calls).toEqual([]);
});

test('cancelled, it is ready for the next at once', async () => {
  const client = clientOf();
  await client.start();
  const pid = client.pid;
  const cancel = new AbortController();
  const slow = client.describe({ ...demoRequest, questions: manyQuestions }, cancel.signal);
  setTimeout(() => cancel.abort(), 100);
  await expect(slow).rejects.toMatchObject({ code: 'CANCELLED' });
  expect((await client.describe(demoRequest, never)).text).not.toBe('');
  expect(client.pid).toBe(pid);
  await expect(client.describe(demoRequest, AbortSignal.abort())).rejects.toMatchObject({
    code: 'CANCELLED',
  });
});

test('restarted, it fails what it describes, and is ready again when that resolves', async () => {
  const client = clientOf();
  await client.start();
  const { pid } = client;
  expect(client.restarts).toBe(0);
  const failed = expect(
    client.describe({ ...demoRequest, questions: manyQuestions }, never),
  ).rejects.toMatchObject({ code: 'RESTARTED' });
  await Promise.all([client.restart(never), client.restart(never), failed]);
  expect(client.pid).not.toBe(pid);
  expect(existsSync(`/proc/${pid}`)).toBe(false);
  const after = client.pid;
  expect((await client.describe(demoRequest, never)).text).not.toBe('');
  expect(client.pid).toBe(after);
  expect(client.restarts).toBe(1);
  await expect(client.restart(AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('closed twice and while it loads, it leaves no process behind', async () => {
  const client = clientOf();
  const loading = client.start();
  loading.catch(() => {});
  const pid = client.pid!;
  await client.close();
  await client.close();
  await expect(loading).rejects.toMatchObject({ code: 'ENGINE_DIED' });
  await until(() => !existsSync(`/proc/${pid}`));
  await expect(client.describe(demoRequest, never)).rejects.toMatchObject({ code: 'CLOSED' });
});
