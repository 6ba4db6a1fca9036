import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { DescribeRequest } from '../../src/pipeline/ports.ts';
import { scratchFolder, startBroker } from '../../tools/test/mqtt.ts';
import { jpegOf, RecordedEngine, startSender, startWorker } from '../../tools/test/pool.ts';
import { until } from '../../tools/test/until.ts';

const never = new AbortController().signal;
const nobody = 'no worker board has subscribed';
const page = readFileSync(join(import.meta.dirname, '../../docs/worker-boards.md'), 'utf8');

async function request(): Promise<DescribeRequest> {
  return {
    picture: { bytes: await jpegOf(), size: { width: 32, height: 24 } },
    ...{ prompt: 'What?', questions: [], frame: { id: '01M80ETZR3K0WZ785KG7EKMKX8', camera: 'porch' } },
  };
}

test('without a worker board, the own engine describes the frame at once, and the log says why', async () => {
  const broker = await startBroker();
  const own = new RecordedEngine();
  const { pool, log } = await startSender(broker.url, { fallback: own, deadlineMs: 600_000 });
  await pool.describe(await request(), never);
  await pool.describe(await request(), never);
  expect(own.asked).toHaveLength(2);
  expect(log.of(nobody)).toMatchObject([
    { level: 'warn', fields: { remedy: expect.stringMatching(/work\.pool/) } },
  ]);
});

test('without an own engine, the frame waits for the first board that subscribes', async () => {
  const broker = await startBroker();
  const { pool, log } = await startSender(broker.url, { deadlineMs: 60_000, silenceMs: 60_000 });
  const described = pool.describe(await request(), never);
  await until(() => log.of(nobody).length === 1);
  const { engine } = await startWorker(broker.url);
  expect((await described).text).toBe('seen: What?');
  expect(engine.asked).toHaveLength(1);
});

test('the last board that leaves is noticed at once, and each time', async () => {
  const broker = await startBroker();
  const own = new RecordedEngine();
  const { pool, log } = await startSender(broker.url, { fallback: own, deadlineMs: 600_000 });
  for (let round = 1; round <= 2; round++) {
    const { worker } = await startWorker(broker.url);
    await pool.describe(await request(), never);
    await worker.close();
    await pool.describe(await request(), never);
    expect(own.asked).toHaveLength(round);
    expect(log.of(nobody)).toHaveLength(round);
  }
});

test('the command of the page tells whether a worker board has subscribed', async () => {
  const broker = await startBroker();
  const folder = scratchFolder();
  writeFileSync(join(folder, 'shelf.jpg'), await jpegOf());
  const command = /<!-- tested: check -->\n\n```sh\n([\s\S]*?)\n```/.exec(page)![1]!;
  const env = { ...process.env, BROKER: '127.0.0.1', PORT: String(broker.port) };
  expect(spawnSync('sh', ['-c', command], { env, encoding: 'utf8' }).stdout).toMatch(/RC:16/);
  await startWorker(broker.url);
  expect(execFileSync('sh', ['-c', command], { env, encoding: 'utf8' })).toMatch(/RC:0/);
});
