import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { checkWindow } from '../../src/cli/doctor-window.ts';
import { parseConfig } from '../../src/config/load.ts';
import { hashPassword } from '../../src/system/password-hash.ts';
import { Daemon } from '../../tools/test/daemon.ts';
import { freePort } from '../../tools/test/free-port.ts';
import { sampleOf } from '../../tools/test/metric-samples.ts';
import { Mosquitto } from '../../tools/test/mosquitto.ts';
import { selfSigned } from '../../tools/test/self-signed.ts';

const patienceMs = 240_000;
const token = 'canary-metrics-0123456789';

/** Asks a server whose certificate this is; status 0: it does not answer. */
async function ask(url: string, ca: string, headers: object = {}): Promise<{ status: number; body: string }> {
  const agent = new Agent({ ca });
  const { promise, resolve } = Promise.withResolvers<{ status: number; body: string }>();
  get(url, { agent, headers: { ...headers } }, async (answer) =>
    resolve({ status: answer.statusCode!, body: await text(answer) }),
  ).once('error', ({ message }) => resolve({ status: 0, body: message }));
  return promise.finally(() => agent.destroy());
}

test(
  'a daemon with TLS, a password and metrics: ready once it describes, and its faults in numbers',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'scenecast-metrics-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { cert, path, keyPath } = selfSigned(folder, 'board', 'IP:127.0.0.1');
    writeFileSync(join(folder, 'token'), `${token}\n`);
    const broker = await Mosquitto.start();
    onTestFinished(() => broker.close());
    const listen = `127.0.0.1:${await freePort()}`;
    const web = {
      listen,
      password_hash: await hashPassword('correct horse'),
      tls: { cert_file: path, key_file: keyPath },
      metrics: { enabled: true, token_file: join(folder, 'token') },
    };
    const source = { type: 'scene', seed: 900_000, size: '336x336', every: '400ms' };
    const questions = { count: { ask: 'How many shapes are there?', type: 'integer' } };
    const daemon = new Daemon({
      device: 'board',
      mqtt: { url: broker.url },
      web,
      cameras: { drawn: { source, interval: '500ms', questions } },
    });
    const request = (route: string, headers = {}) => ask(`https://${listen}${route}`, cert, headers);
    const metric = async (series: string): Promise<number> => {
      const { body } = await request('/metrics', { Authorization: `Bearer ${token}` });
      return sampleOf(body, `scenecast_${series}`) ?? Number.NaN;
    };
    const reaches = async (condition: () => Promise<boolean>): Promise<void> => {
      for (const start = performance.now(); !(await condition()); await sleep(100))
        if (performance.now() - start > patienceMs) throw new Error(`not in time: ${condition}`);
    };

    await daemon.logged('HTTP server listening', patienceMs);
    expect(await request('/healthz')).toEqual({ status: 200, body: 'ok\n' });
    expect((await request('/metrics')).status).toBe(401);
    expect((await request('/window/board')).status).toBe(401);
    await reaches(async () => (await request('/readyz')).status === 200);
    await reaches(async () => (await metric('descriptions_total{camera="drawn",trigger="change"}')) > 1);
    expect(await metric('engine_loaded')).toBe(1);
    expect(await metric('stage_duration_seconds_sum{camera="drawn",stage="encode"}')).toBeGreaterThan(0);
    expect(await metric('answers_total{camera="drawn",question="count"}')).toBeGreaterThan(0);
    expect(await metric('camera_state{camera="drawn",state="online"}')).toBe(1);
    expect(await metric('camera_frame_age_seconds{camera="drawn"}')).toBeLessThan(120);
    expect(await metric('board_memory_bytes')).toBeGreaterThan(1e8);
    const config = parseConfig(JSON.stringify({ web, cameras: { drawn: { source } } }), 'c.yaml');
    expect(await checkWindow(config.web, folder, true, new AbortController().signal)).toMatchObject({
      status: 'warning',
      text: expect.stringMatching(/answers; its certificate ends at/),
    });

    expect(await metric('engine_restarts_total{model=""}')).toBe(0);
    const { pid } = daemon.log.find(({ msg }) => msg === 'model loaded');
    process.kill(pid, 'SIGKILL');
    await reaches(async () => (await metric('engine_restarts_total{model=""}')) === 1);
    await broker.close();
    await reaches(async () => (await metric('broker_connected')) === 0);
    await reaches(async () => (await metric('outbox_observations')) > 1);
    expect(await metric('outbox_age_seconds')).toBeGreaterThan(0);
    expect((await daemon.end()).code).toBe(0);
    expect(JSON.stringify(daemon.log)).not.toContain(token);
  },
  patienceMs,
);
