import { existsSync, readFileSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Daemon } from '../../tools/test/daemon.ts';
import { scratchFolder, startBroker, subscribe } from '../../tools/test/mqtt.ts';
import { NotifySocket } from '../../tools/test/notify-socket.ts';
import { until } from '../../tools/test/until.ts';

/** The environment of a process, as NAME=value. */
const environOf = (pid: number): string[] => readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');

test('under systemd the daemon is ready before its model is loaded and without a broker, and sends watchdog and status messages', async () => {
  const socket = await NotifySocket.open();
  vi.stubEnv('NOTIFY_SOCKET', socket.path);
  vi.stubEnv('WATCHDOG_USEC', '2000000');
  onTestFinished(() => void vi.unstubAllEnvs());
  const daemon = new Daemon({
    mqtt: { url: 'mqtt://127.0.0.1:1' },
    cameras: {
      drawn: { source: { type: 'scene', size: '336x336' }, interval: '500ms' },
      gone: { source: { type: 'still', path: '/nowhere.jpg' } },
    },
  });
  const statuses = (): string[] => socket.values('STATUS');
  await until(() => socket.values('READY').length > 0, 100_000);
  expect(daemon.log.some(({ msg }) => msg === 'model loaded')).toBe(false);
  expect(statuses()[0]).toMatch(/^loading the model \d+ %; looking at \d of 2 cameras; no connection/);

  await until(() => statuses().some((line) => line.includes('last description at')), 100_000);
  expect(statuses().at(-1)).toMatch(
    /^looking at 1 of 2 cameras, last description at \d\d:\d\d:\d\d; no connection to the broker; camera gone offline: .*nowhere\.jpg/,
  );
  const signs = socket.values('WATCHDOG').length;
  await until(() => socket.values('WATCHDOG').length >= signs + 3, 30_000);

  const { pid } = await daemon.logged('model loaded');
  expect(environOf(pid).filter((entry) => /^(NOTIFY|WATCHDOG)_/.test(entry))).toEqual([]);
  expect(new Set(socket.received.map((datagram) => datagram.pid)).size).toBe(1);

  expect((await daemon.end('SIGTERM')).code).toBe(0);
  await until(() => socket.values('STOPPING').length === 1);
  await until(() => !existsSync(`/proc/${pid}`));
  expect(socket.values('READY')).toHaveLength(1);
}, 300_000);

test('stopped while it is still planning, the daemon exits and starts no engine', async () => {
  // Without what an earlier plan has measured, planning takes long enough.
  vi.stubEnv('XDG_STATE_HOME', scratchFolder());
  onTestFinished(() => void vi.unstubAllEnvs());
  const daemon = new Daemon({
    mqtt: { url: 'mqtt://127.0.0.1:1' },
    cameras: { drawn: { source: { type: 'scene' } } },
  });
  // The unreachable broker is logged first, before the plan.
  await until(() => daemon.log.length > 0, 100_000);
  const { code } = await daemon.end('SIGTERM');
  expect(code).toBe(0);
  expect(daemon.log.some(({ msg }) => msg === 'pipeline started' || msg === 'engine plan')).toBe(false);
}, 200_000);

test.each([
  ['under systemd, the daemon answers and ends with exit code 75', true],
  ['without systemd, the command fails and the daemon goes on', false],
])(
  'asked over MQTT to restart: %s',
  async (_, isSupervised) => {
    const { url } = await startBroker();
    const caller = await subscribe(url);
    if (isSupervised) vi.stubEnv('NOTIFY_SOCKET', (await NotifySocket.open()).path);
    onTestFinished(() => void vi.unstubAllEnvs());
    const daemon = new Daemon({
      device: 'e2e',
      mqtt: { url },
      engine: 'pool',
      work: { sending: { fallback: 'expire' } },
      cameras: { drawn: { source: { type: 'scene', size: '64x64' } } },
    });
    await daemon.logged('pipeline started');
    const responses = () => caller.json('scenecast/e2e/response/restart');
    // The daemon may not have subscribed yet.
    const ask = (): unknown => caller.client.publish('scenecast/e2e/request/restart', '{"what":"daemon"}');
    const asking = setInterval(ask, 500);
    onTestFinished(() => clearInterval(asking));
    await until(() => responses().length > 0);
    clearInterval(asking);
    if (isSupervised) {
      expect(responses()[0]).toMatchObject({ status: 'ok' });
      expect((await daemon.exit()).code).toBe(75);
      expect(caller.json('scenecast/e2e/status').at(-1)).toEqual({ state: 'offline' });
    } else {
      expect(responses()[0]).toMatchObject({
        error: { code: 'failed', message: expect.stringMatching(/^systemd does not run/) },
      });
      expect(daemon.alive).toBe(true);
      await daemon.end();
    }
  },
  200_000,
);
