import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, expect, test, vi } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import type { Check } from '../../src/cli/doctor-check.ts';
import { Mosquitto } from '../../tools/test/mosquitto.ts';

vi.setConfig({ testTimeout: 90_000 });

const run = promisify(execFile);
const bin = join(import.meta.dirname, '../../bin/scenecast');
let folder = '';

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-doctor-'));
  mkdirSync(join(folder, 'commands'));
  service('LoadState=not-found\nActiveState=inactive');
  command('timedatectl', 'echo yes');
  writeFileSync(join(folder, 'x.jpg'), await drawScene(sampleScene(3, { width: 320, height: 240 })));
  return () => rmSync(folder, { recursive: true });
});

function command(name: string, script: string): void {
  writeFileSync(join(folder, 'commands', name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'commands', name), 0o755);
}

/** systemd's view of the unit. */
function service(properties: string): void {
  command('systemctl', `cat <<'END'\n${properties}\nEND`);
}

async function doctor(config: object, ...args: readonly string[]): Promise<{ code: number; stdout: string }> {
  return doctorAs(process.geteuid!(), config, ...args);
}

async function doctorAs(
  uid: number,
  config: object,
  ...args: readonly string[]
): Promise<{ code: number; stdout: string }> {
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
  const env = {
    ...process.env,
    PATH: `${join(folder, 'commands')}:${process.env['PATH']}`,
    STATE_DIRECTORY: join(folder, 'state'),
  };
  const ended = run(bin, ['doctor', '--config', join(folder, 'config.yaml'), ...args], { env, uid });
  return ended.then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }) => ({ code, stdout }),
  );
}

/** The checks of a part that are not ok. */
async function faultsOf(config: object, part: string): Promise<Check[]> {
  const { checks } = JSON.parse((await doctor(config, '--json')).stdout) as { checks: Check[] };
  const found = checks.filter((check) => check.part === part);
  expect(found).not.toEqual([]);
  return found.filter(({ status }) => status !== 'ok');
}

test('where all is well, each part has a line of at most 80 columns, and the exit code is 0', async () => {
  const broker = await Mosquitto.start();
  try {
    service(
      `LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nUser=root\nStatusText=looking at 2 of 2 cameras`,
    );
    const cameras = {
      still: { source: { type: 'still', path: 'x.jpg' } },
      drawn: { source: { type: 'scene' } },
    };
    const { code, stdout } = await doctor({ mqtt: { url: broker.url }, cameras });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.filter((line) => !/^(ok | {18}|$|\d)/.test(line))).toEqual([]);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(stdout).toMatch(/^ok {7}service {2}active; looking at 2 of 2 cameras$/m);
    expect(stdout).toMatch(/^ok {7}engine {3}loads, with libggml-cpu-\w+\.so$/m);
    expect(stdout).toMatch(/^ok {7}camera {3}still: a picture of 320x240 in \d/m);
    expect(lines.at(-1)).toMatch(/^(\d+) checks: \1 ok, 0 warnings, 0 failed$/);
    expect(code).toBe(0);
  } finally {
    await broker.down();
  }
});

test('each fault is a line of its own, and the others are checked all the same', async () => {
  const cameras = {
    gone: { source: { type: 'still', path: 'nowhere.jpg' } },
    usb: { source: { type: 'v4l2', device: '/dev/video99' } },
    still: { source: { type: 'still', path: 'x.jpg' } },
  };
  const model = { path: 'smolvlm2-256m' };
  const { code, stdout } = await doctor({ mqtt: { url: 'mqtt://127.0.0.1:9' }, model, cameras });
  const words = stdout.replace(/\n {18}/g, ' ');
  expect(words).toMatch(/^failed {3}model .*run scenecast models pull smolvlm2-256m$/m);
  expect(words).toMatch(/^failed {3}broker .*nothing listens at mqtt:\/\/127\.0\.0\.1:9/m);
  expect(words).toMatch(/^failed {3}camera .*gone: .*nowhere\.jpg: cannot be read/m);
  expect(words).toMatch(/^failed {3}camera .*usb: \/dev\/video99: .*plugged in/m);
  expect(words).toMatch(/^ok {7}camera .*still: /m);
  expect(words).toMatch(/^\d+ checks: \d+ ok, 0 warnings, 4 failed$/m);
  expect(code).toBe(1);
});

test('two models are checked together', async () => {
  const cameras = { drawn: { source: { type: 'scene' } } };
  const models = { quick: { path: 'models/demo' }, thorough: { path: 'models/demo' } };
  const { stdout } = await doctor({ mqtt: { url: 'mqtt://127.0.0.1:9' }, models, cameras });
  const words = stdout.replace(/\n {18}/g, ' ');
  expect(words).toMatch(
    /^ok {7}model {4}models\/demo: .*\.gguf; needs .* of .*; models\/demo: .*\.gguf; needs .* of /m,
  );
});

test('a faulty config is named, and what needs none is checked', async () => {
  const { code, stdout } = await doctor({ camera: {} });
  expect(stdout).toMatch(/^failed {3}config .*config\.yaml:\n {18}.*unknown key "camera"/m);
  expect(stdout).toMatch(/^ok {7}engine /m);
  expect(stdout).not.toMatch(/ model | broker /);
  expect(code).toBe(1);
});

test('a wrong password is told from a right one, and from a missing file', async () => {
  const broker = await Mosquitto.start((home) => {
    execFileSync('mosquitto_passwd', ['-b', '-c', join(home, 'users'), 'board', 'right']);
    return `password_file ${home}/users\nuser root`;
  });
  try {
    const cameras = { drawn: { source: { type: 'scene' } } };
    const faultsWith = (password: string) => {
      writeFileSync(join(folder, 'password'), `${password}\n`);
      const mqtt = { url: broker.url, username: 'board', password_file: join(folder, 'password') };
      return faultsOf({ mqtt, cameras }, 'broker');
    };
    expect(await faultsWith('right')).toEqual([]);
    expect(await faultsWith('wrong')).toMatchObject([
      { status: 'failed', text: expect.stringMatching(/refuses the connection.*mqtt\.password_file/) },
    ]);
    const gone = { url: broker.url, username: 'board', password_file: 'gone' };
    expect(await faultsOf({ mqtt: gone, cameras }, 'broker')).toMatchObject([
      { status: 'failed', text: expect.stringMatching(/gone/) },
    ]);
  } finally {
    await broker.down();
  }
});

test.each([
  [
    'ActiveState=failed\nExecMainStatus=78',
    'failed',
    /failed, exit code 78/,
    'journalctl -u scenecast -n 20',
  ],
  [
    'ActiveState=activating\nSubState=auto-restart\nExecMainStatus=1',
    'failed',
    /restarted, exit code 1/,
    /journalctl/,
  ],
  ['ActiveState=inactive', 'warning', /does not run/, 'sudo systemctl enable --now scenecast'],
  [
    'ActiveState=active\nUnitFileState=disabled',
    'warning',
    /not start at boot/,
    'sudo systemctl enable scenecast',
  ],
  [
    'ActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=yes',
    'warning',
    /unit file/,
    /daemon-reload/,
  ],
  [
    'ActiveState=active\nUnitFileState=enabled\nStatusText=stuck: camera porch',
    'failed',
    /stuck: camera porch/,
    /journalctl/,
  ],
])('a service that is %j has %s', async (properties, status, text, remedy) => {
  service(`LoadState=loaded\n${properties}`);
  const cameras = { drawn: { source: { type: 'scene' } } };
  expect(await faultsOf({ mqtt: { url: 'mqtt://127.0.0.1:9' }, cameras }, 'service')).toEqual([
    {
      part: 'service',
      status,
      text: expect.stringMatching(text),
      remedy: expect.stringMatching(remedy),
    },
  ]);
});

test('a clock that is not synchronised is a warning', async () => {
  command('timedatectl', 'echo no');
  const cameras = { drawn: { source: { type: 'scene' } } };
  expect(await faultsOf({ mqtt: { url: 'mqtt://127.0.0.1:9' }, cameras }, 'clock')).toMatchObject([
    { status: 'warning', remedy: expect.stringContaining('timedatectl set-ntp true') },
  ]);
});

test.runIf(process.geteuid!() === 0)(
  "files in the state folder that are not its user's, and devices that its user may not open, are named",
  async () => {
    service('LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nUser=nobody');
    mkdirSync(join(folder, 'state/models'), { recursive: true });
    chownSync(join(folder, 'state'), 65_534, 65_534);
    writeFileSync(join(folder, 'device'), '', { mode: 0o660 });
    const cameras = { usb: { source: { type: 'v4l2', device: join(folder, 'device') } } };
    const config = { mqtt: { url: 'mqtt://127.0.0.1:9' }, cameras };
    expect(await faultsOf(config, 'state')).toMatchObject([
      {
        status: 'failed',
        text: expect.stringContaining('not of the user nobody: models'),
        remedy: expect.stringContaining('chown -R nobody:'),
      },
    ]);
    expect(await faultsOf(config, 'devices')).toMatchObject([
      {
        status: 'failed',
        text: expect.stringContaining('nobody may not open'),
        remedy: expect.stringContaining('usermod -aG root nobody'),
      },
    ]);
  },
);

test.runIf(process.geteuid!() === 0)('what another user cannot check is a warning', async () => {
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'state'), { mode: 0o700 });
  const cameras = { drawn: { source: { type: 'scene' } } };
  const config = { mqtt: { url: 'mqtt://127.0.0.1:9' }, model: { path: 'smolvlm2-256m' }, cameras };
  const { checks } = JSON.parse((await doctorAs(65_534, config, '--json')).stdout) as { checks: Check[] };
  for (const part of ['state', 'model'])
    expect(checks).toContainEqual(
      expect.objectContaining({ part, status: 'warning', remedy: 'sudo scenecast doctor' }),
    );
});
