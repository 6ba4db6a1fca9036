import { expect, onTestFinished, test, vi } from 'vitest';
import { EngineClient } from '../../../src/vision/process/engine-client.ts';
import { SilenceWatch } from '../../../src/vision/process/silence-watch.ts';
import { demoEngine, demoRequest, manyQuestions } from '../../support/demo-engine.ts';
import { until } from '../../support/until.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const never = new AbortController().signal;

function clientOf(
  onFinished: (close: () => Promise<void>) => void,
  parts: Partial<ConstructorParameters<typeof EngineClient>[0]> = {},
): EngineClient {
  const client = new EngineClient({ engine: demoEngine, deadlineMs: 600_000, log, ...parts });
  onFinished(() => client.close());
  return client;
}

/** Stops a process for good: it neither ends nor answers. */
function freeze(pid: number | null): void {
  process.kill(pid!, 'SIGSTOP');
}

test.concurrent('an engine that is stopped while nobody asks it anything is killed and started anew', async ({
  onTestFinished,
}) => {
  const client = clientOf(onTestFinished, { silenceMs: 30_000 });
  await client.start();
  const { pid } = client;
  freeze(pid);
  await until(() => client.pid !== pid, 100_000);
  expect((await client.describe(demoRequest, never)).text).not.toBe('');
  expect(client.heartbeat.dueMs).toBe(Number.POSITIVE_INFINITY);
}, 180_000);

test.concurrent('stopped while it describes, it fails that one long before its deadline and describes the next', async ({
  onTestFinished,
}) => {
  const client = clientOf(onTestFinished, { silenceMs: 30_000 });
  await client.start();
  const slow = client.describe({ ...demoRequest, questions: manyQuestions }, never);
  setTimeout(() => freeze(client.pid), 100);
  await expect(slow).rejects.toMatchObject({
    code: 'ENGINE_DIED',
    message: expect.stringContaining('gave no sign of life'),
  });
  expect((await client.describe(demoRequest, never)).text).not.toBe('');
}, 180_000);

test.concurrent('killed while it loads for the first time, it is started anew where that is wanted', async ({
  onTestFinished,
}) => {
  const warned: string[] = [];
  const client = clientOf(onTestFinished, {
    log: { ...log, error: (_fields, message) => warned.push(message) },
  });
  const loading = client.start({ triesAgain: true });
  process.kill(client.pid!, 'SIGKILL');
  expect((await loading).contextSize).toBe(2048);
  expect(warned).toEqual(['the engine cannot be started']);
}, 180_000);

test('a file that is no model is not tried again', async () => {
  const client = clientOf(onTestFinished, { engine: { ...demoEngine, textPath: import.meta.filename } });
  await expect(client.start({ triesAgain: true })).rejects.toMatchObject({ code: 'NOT_GGUF' });
}, 180_000);

test('a command that cannot be run at all is told, and closing does not wait for it', async () => {
  vi.stubEnv('PATH', '/nowhere');
  onTestFinished(() => void vi.unstubAllEnvs());
  const client = clientOf(onTestFinished, { engine: { ...demoEngine, cpus: [0] } });
  await expect(client.start()).rejects.toMatchObject({
    code: 'ENGINE_DIED',
    message: expect.stringContaining('ENOENT'),
  });
  await client.close();
});

test('silence is told once, at first after longer; what is heard begins it anew; time that passed without us does not count', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const onSilence = vi.fn();
  const watch = new SilenceWatch(45_000, onSilence);
  watch.start();
  await vi.advanceTimersByTimeAsync(119_000);
  expect(onSilence).not.toHaveBeenCalled();
  watch.heard();
  await vi.advanceTimersByTimeAsync(40_000);
  expect(onSilence).not.toHaveBeenCalled();
  // The process was stopped for an hour: its timer comes once.
  watch.heard();
  vi.setSystemTime(Date.now() + 3_600_000);
  await vi.advanceTimersByTimeAsync(5000);
  expect(onSilence).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(200_000);
  expect(onSilence).toHaveBeenCalledTimes(1);
  watch.close();
});
