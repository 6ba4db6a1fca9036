import { expect, onTestFinished, test, vi } from 'vitest';
import { EngineClient } from '../../../src/vision/process/engine-client.ts';
import { SilenceWatch } from '../../../src/vision/process/silence-watch.ts';
import { demoEngine, demoRequest, manyQuestions } from '../../../tools/test/demo-engine.ts';
import { until } from '../../../tools/test/until.ts';

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

/** Stops a process: it neither exits nor answers. */
function freeze(pid: number | null): void {
  process.kill(pid!, 'SIGSTOP');
}

test.concurrent('an idle engine that is stopped is killed and restarted', async ({ onTestFinished }) => {
  const client = clientOf(onTestFinished, { silenceMs: 30_000 });
  await client.start();
  const { pid } = client;
  freeze(pid);
  await until(() => client.pid !== pid, 100_000);
  expect((await client.describe(demoRequest, never)).text).not.toBe('');
  expect(client.heartbeat.dueMs).toBe(Number.POSITIVE_INFINITY);
}, 180_000);

test.concurrent('stopped while it describes, it fails that picture long before its deadline and describes the next', async ({
  onTestFinished,
}) => {
  const client = clientOf(onTestFinished, { silenceMs: 30_000 });
  await client.start();
  const slow = client.describe({ ...demoRequest, questions: manyQuestions }, never);
  setTimeout(() => freeze(client.pid), 100);
  await expect(slow).rejects.toMatchObject({
    code: 'ENGINE_DIED',
    message: expect.stringContaining('killed: unresponsive'),
  });
  expect((await client.describe(demoRequest, never)).text).not.toBe('');
}, 180_000);

test.concurrent('killed during its first load, it is started again with `retry`', async ({
  onTestFinished,
}) => {
  const logged: string[] = [];
  const client = clientOf(onTestFinished, {
    log: { ...log, error: (_fields, message) => logged.push(message) },
  });
  const loading = client.start({ retry: true });
  process.kill(client.pid!, 'SIGKILL');
  expect((await loading).contextSize).toBe(2048);
  expect(logged).toEqual(['engine start failed; retrying']);
}, 180_000);

test('a file that is not a model is not retried', async () => {
  const client = clientOf(onTestFinished, { engine: { ...demoEngine, textPath: import.meta.filename } });
  await expect(client.start({ retry: true })).rejects.toMatchObject({ code: 'NOT_GGUF' });
}, 180_000);

test('a process that does not start is an error, and closing does not wait for it', async () => {
  vi.stubEnv('PATH', '/nowhere');
  onTestFinished(() => void vi.unstubAllEnvs());
  const client = clientOf(onTestFinished, { engine: { ...demoEngine, cpus: [0] } });
  await expect(client.start()).rejects.toMatchObject({
    code: 'ENGINE_DIED',
    message: expect.stringContaining('ENOENT'),
  });
  await client.close();
});

test('silence is reported once, and later for the first message; a message resets it; time while suspended does not count', async () => {
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
