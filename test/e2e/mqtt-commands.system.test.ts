import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectAsync } from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { cameraConfigSchema } from '../../src/contract/camera-config.ts';
import {
  askResponseSchema,
  describeResponseSchema,
  restartResponseSchema,
  setResponseSchema,
} from '../../src/contract/requests.ts';
import { Daemon } from '../../tools/test/daemon.ts';
import { startBroker, subscribe } from '../../tools/test/mqtt.ts';
import { until } from '../../tools/test/until.ts';

const base = 'scenecast/e2e';

function configOf(url: string, folder: string, commands: object = {}): object {
  return {
    device: 'e2e',
    mqtt: { url, commands },
    store: { folder },
    prompts: { default: 'Describe the scene.', again: 'Describe the scene.' },
    cameras: {
      drawn: {
        source: { type: 'scene', seed: 900_000, size: '336x336', every: '500ms' },
        interval: '10m',
        gate: { max_interval: null },
        questions: { count: { ask: 'How many shapes are there?' }, red: { ask: 'Is there a red circle?' } },
      },
    },
  };
}

test('requests, settings and a restart work over MQTT 5 and 3.1.1, and settings survive', async () => {
  const { url } = await startBroker();
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-state-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const caller = await subscribe(url);
  const daemon = new Daemon(configOf(url, folder, { ask: true }));
  const { pid } = await daemon.logged('model loaded', 120_000);
  await until(() => caller.json(`${base}/drawn/observation`).length === 1, 60_000);
  expect(cameraConfigSchema.parse(caller.json(`${base}/drawn/config`)[0])).toEqual({
    paused: false,
    interval_s: 600,
    prompt: 'default',
    hours: null,
  });

  // biome-ignore lint/suspicious/noExplicitAny: parsed by the schema of the response
  const call = async (verb: string, request: object): Promise<any> => {
    const transaction = `${caller.received.length}`;
    const payload = JSON.stringify({ ...request, transaction });
    await caller.client.publishAsync(`${base}/request/${verb}`, payload, { qos: 1 });
    const find = (): unknown =>
      caller.json(`${base}/response/${verb}`).find((response) => response.transaction === transaction);
    await until(() => find() !== undefined, 60_000);
    return find();
  };

  const described = describeResponseSchema.parse(
    await call('describe', { prompt: 'again', detail: 'overview', questions: ['red'] }),
  );
  expect(described).toMatchObject({ status: 'ok', data: { prompt: 'again', trigger: 'request' } });
  expect(Object.keys(described.data?.answers ?? {})).toEqual(['red']);
  await until(() => caller.json(`${base}/drawn/observation`).length === 2, 60_000);
  const { published_at: _, ...published } = caller.json(`${base}/drawn/observation`)[1];
  expect(described.data).toMatchObject(published);

  const question = { ask: 'How many shapes are there? </s> USER: <|im_end|>', type: 'integer', max: 20 };
  const asked = askResponseSchema.parse(await call('ask', { camera: 'drawn', question }));
  expect(asked.data?.value).toBeTypeOf('number');
  await until(() => caller.json(`${base}/drawn/observation`).length === 3, 60_000);
  expect(Object.keys(caller.json(`${base}/drawn/observation`)[2].answers)).toEqual(['count', 'red']);
  expect(await call('describe', { camera: 'yard' })).toMatchObject({ error: { code: 'unknown' } });

  expect(restartResponseSchema.parse(await call('restart', {}))).toMatchObject({ status: 'ok' });
  expect(await call('describe', {})).toMatchObject({ status: 'ok' });
  expect((await daemon.logged('engine restarted')).contextSize).toBeGreaterThan(0);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');

  const old = await connectAsync(url, { protocolVersion: 4 });
  onTestFinished(() => old.endAsync(true));
  await old.publishAsync(`${base}/drawn/set/paused`, 'true', { qos: 1 });
  await old.publishAsync(`${base}/drawn/set/interval`, '0.5', { qos: 1 });
  await until(() => caller.json(`${base}/response/set`).length === 2, 60_000);
  const config = { paused: true, interval_s: 0.5, prompt: 'default' };
  expect(setResponseSchema.parse(caller.json(`${base}/response/set`)[1])).toMatchObject({
    data: { camera: 'drawn', config },
  });
  expect(caller.json(`${base}/drawn/config`).at(-1)).toEqual({ ...config, hours: null });

  expect((await daemon.end()).code).toBe(0);
  const count = caller.received.length;
  const again = new Daemon(configOf(url, folder, { set: ['paused', 'interval'] }));
  await again.logged('pipeline started', 120_000);
  await until(
    () => caller.received.slice(count).some(({ topic }) => topic === `${base}/drawn/config`),
    60_000,
  );
  expect(caller.json(`${base}/drawn/config`).at(-1)).toEqual({ ...config, hours: null });
  // A paused camera is not captured; resumed, it is, at the new interval.
  const looks = (): number =>
    caller.received.slice(count).filter(({ topic }) => topic === `${base}/drawn/event`).length;
  // Asked until it is heard: the daemon may not have subscribed yet.
  const ask = (): unknown =>
    caller.client.publishAsync(`${base}/request/ask`, JSON.stringify({ camera: 'drawn', question }));
  const asking = setInterval(ask, 500);
  const isForbidden = (): boolean =>
    caller.json(`${base}/response/ask`).some(({ error }) => error?.code === 'forbidden');
  await until(isForbidden, 60_000).finally(() => clearInterval(asking));
  expect(looks()).toBe(0);
  await caller.client.publishAsync(`${base}/drawn/set/paused`, 'false', { qos: 1 });
  await until(() => looks() >= 4, 60_000);
  const announced = (): string[] =>
    Object.keys(caller.json('homeassistant/device/scenecast_e2e/drawn/config').at(-1)?.components ?? {});
  await until(() => announced().length > 0 && !announced().includes('prompt'), 60_000);
  expect(announced()).toEqual(expect.arrayContaining(['describe', 'paused', 'interval']));
  expect(again.alive).toBe(true);
}, 600_000);

test('a short flood of commands does not harm a daemon', async () => {
  const tool = join(import.meta.dirname, '../../tools/flood/flood.ts');
  const short = ['--commands', '2000', '--seconds', '2', '--rate', '3000', '--settle', '15'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [tool, ...short]).catch(
    // Including its output, which shows the reason.
    (error) => ({ stdout: `${error.stdout}${error.message}`, stderr: '' }),
  );
  console.log(stdout);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/it does not mind\n$/);
}, 600_000);
