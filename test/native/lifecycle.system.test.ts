import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { type LlavaShape, tinyShape, writeRandomLlava } from '../../tools/test/random-llava.ts';
import { addon, folder, generate, noise, open } from './engine-fixture.ts';

// One square of 6,400 patches takes seconds to encode, so that there is time to get in between.
const slowShape: LlavaShape = { ...tinyShape, imageSize: 1120, gridPinpoints: [], contextLength: 8192 };
const slow = writeRandomLlava(folder, slowShape, { name: 'slow' });
const slowPixels = noise(1120 * 1120 * 3);
const longText = Int32Array.from({ length: 6000 }, (_, index) => 3 + (index % 300));
const coded = (code: string): object => expect.objectContaining({ code });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

afterEach(() => addon.setLogger(null));

test('a running decode is cancelled, leaves the sequence as it was, and the next call works', async () => {
  const engine = await open(slow, { contextSize: 8192, batchSize: 512, ubatchSize: 512 });
  const question = Int32Array.from([1, 20, 30, 40]);
  await engine.decodeTokens(question, { logitsLast: true });
  const fresh = await generate(engine, 6);
  engine.truncate(question.length);

  const decode = engine.decodeTokens(longText);
  while (engine.position <= question.length) await pause(1); // the first batch is in the memory
  engine.cancel();
  await expect(decode).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(engine.position).toBe(question.length);

  engine.truncate(question.length - 1);
  await engine.decodeTokens(question.subarray(-1), { logitsLast: true });
  expect(await generate(engine, 6)).toEqual(fresh);
});

test('a cancel does not wait for the end of a batch', async () => {
  const engine = await open(slow, { contextSize: 8192, batchSize: 8192, ubatchSize: 512 });
  const start = performance.now();
  await engine.decodeTokens(longText);
  const wholeMs = performance.now() - start;
  engine.clear();

  const decode = engine.decodeTokens(longText);
  await pause(wholeMs / 10);
  const cancelled = performance.now();
  engine.cancel();
  await expect(decode).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(performance.now() - cancelled).toBeLessThan(wholeMs * 0.6);
  expect(engine.position).toBe(0);
});

test('a running encode is cancelled long before it would end, and the next one is right', async () => {
  const engine = await open(slow);
  const start = performance.now();
  const whole = await engine.encodeTile(slowPixels);
  const wholeMs = performance.now() - start;

  const encode = engine.encodeTile(slowPixels);
  await pause(wholeMs / 10);
  const cancelled = performance.now();
  engine.cancel();
  await expect(encode).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(performance.now() - cancelled).toBeLessThan(wholeMs * 0.6);

  expect(await engine.encodeTile(slowPixels)).toEqual(whole);
});

test('cancel without a running call changes nothing', async () => {
  const engine = await open(slow);
  engine.cancel();
  await engine.decodeTokens(Int32Array.of(1, 2, 3));
  expect(engine.position).toBe(3);
});

test('a second call while one runs is refused as BUSY, and does not disturb the first', async () => {
  const engine = await open(slow);
  const running = engine.decodeTokens(longText.subarray(0, 2000), { logitsLast: true });
  await expect(engine.decodeTokens(Int32Array.of(1))).rejects.toMatchObject({ code: 'BUSY' });
  await expect(engine.encodeTile(slowPixels)).rejects.toMatchObject({ code: 'BUSY' });
  await expect(engine.step(1)).rejects.toMatchObject({ code: 'BUSY' });
  for (const call of [
    () => engine.sample(),
    () => engine.clear(),
    () => engine.truncate(0),
    () => engine.setSampler({}),
  ]) {
    expect(call).toThrow(coded('BUSY'));
  }
  // What only reads the vocabulary may run beside.
  expect(engine.tokenize('the gate').length).toBe(2);
  expect(engine.info.text.width).toBe(64);
  await running;
  expect(engine.position).toBe(2000);
  engine.sample();
});

test('two engines work at the same time', async () => {
  const [one, two] = await Promise.all([open(slow), open(slow)]);
  await Promise.all([
    one.decodeTokens(longText.subarray(0, 500)),
    two.decodeTokens(longText.subarray(0, 600)),
  ]);
  expect([one.position, two.position]).toEqual([500, 600]);
});

test('close may be called twice, and after it every call is refused', async () => {
  const engine = await open(slow);
  await Promise.all([engine.close(), engine.close()]);
  await engine.close();
  const closed = coded('CLOSED');
  await expect(engine.decodeTokens(Int32Array.of(1))).rejects.toEqual(closed);
  await expect(engine.decodeEmbeddings(new Float32Array(64))).rejects.toEqual(closed);
  await expect(engine.encodeTile(slowPixels)).rejects.toEqual(closed);
  await expect(engine.resize(slowPixels, 1120, 1120, 2, 2)).rejects.toEqual(closed);
  await expect(engine.step(1)).rejects.toEqual(closed);
  for (const call of [
    () => engine.info,
    () => engine.position,
    () => engine.contextSize,
    () => engine.imageNewline(),
    () => engine.tokenize('a'),
    () => engine.tokenToPiece(1),
    () => engine.isEndOfGeneration(1),
    () => engine.applyChatTemplate([], { template: 'x' }),
    () => engine.sample(),
    () => engine.setSampler({}),
    () => engine.truncate(0),
    () => engine.clear(),
  ]) {
    expect(call).toThrow(closed);
  }
  engine.cancel();
});

test('closing during a call cancels it, and resolves after it has ended', async () => {
  const engine = await open(slow, { contextSize: 8192 });
  const order: string[] = [];
  const decode = engine.decodeTokens(longText).catch((error) => order.push(error.code));
  const close = engine.close().then(() => order.push('closed'));
  expect(() => engine.position).toThrow(coded('CLOSED'));
  await Promise.all([decode, close]);
  expect(order).toEqual(['CANCELLED', 'closed']);
});

test('the libraries log to the logger only', async () => {
  const lines: { level: string; text: string }[] = [];
  addon.setLogger((level, text) => lines.push({ level, text }));
  await open(slow);
  await pause(20);
  expect(lines.some(({ text }) => text.includes('llama_model_loader'))).toBe(true);
  expect(lines.some(({ text }) => text.includes('clip'))).toBe(true);
  expect(new Set(lines.map(({ level }) => level))).toContain('info');
  addon.setLogger(null);
  const before = lines.length;
  await open(slow);
  await pause(20);
  expect(lines.length).toBe(before);
});

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
  readonly ms: number;
}

/** Runs test/native/lifecycle-child.ts to its end. */
function child(mode: string): Promise<Ended> {
  const start = performance.now();
  const script = fileURLToPath(new URL('lifecycle-child.ts', import.meta.url));
  return new Promise((resolve, reject) => {
    let output = '';
    const running = spawn(process.execPath, ['--expose-gc', script, mode, slow.textPath, slow.mmprojPath]);
    running.stdout.on('data', (chunk) => (output += chunk));
    running.stderr.on('data', (chunk) => (output += chunk));
    running.on('error', reject);
    running.on('close', (code, signal) => resolve({ code, signal, output, ms: performance.now() - start }));
  });
}

test.each([
  ['leave', 'ends by itself with an engine open'],
  ['drop', 'an engine that is not used any more is collected'],
  ['exit-idle', 'exits with an engine open'],
  ['exit-encoding', 'exits while an encode runs'],
  ['exit-loading', 'exits while a load runs'],
  ['thread-ends', 'a worker thread ends with an engine open'],
  ['thread-terminated', 'a worker thread is terminated while a call runs'],
])('process %s: %s, silently and without a crash', async (mode) => {
  const ended = await child(mode);
  expect(ended).toMatchObject({
    signal: null,
    code: mode.startsWith('exit') ? 7 : 0,
    output: `${mode} done\n`,
  });
});

test('an exit does not wait for the picture that is being encoded', async () => {
  const idle = await child('exit-idle');
  const encoding = await child('exit-encoding');
  const engine = await open(slow);
  const start = performance.now();
  await engine.encodeTile(slowPixels);
  expect(encoding.ms - idle.ms).toBeLessThan(0.7 * (performance.now() - start));
});
