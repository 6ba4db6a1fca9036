import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Mosquitto } from '../../tools/test/mosquitto.ts';
import { Subscriber } from '../../tools/test/subscriber.ts';
import { until } from '../../tools/test/until.ts';

vi.setConfig({ testTimeout: 150_000 });
const bin = join(import.meta.dirname, '../../bin/scenecast');

function configIn(folder: string, config: object = {}): string {
  const path = join(folder, 'config.yaml');
  const cameras = {
    drawn: { source: { type: 'scene', seed: 1, size: '320x240', every: '1s' }, interval: '1s' },
  };
  writeFileSync(
    path,
    JSON.stringify({
      device: 'cases',
      mqtt: { url: 'mqtt://127.0.0.1:1' },
      model: { threads: 1 },
      store: { folder: 'state' },
      cameras,
      ...config,
    }),
  );
  return path;
}

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-process-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function startBroker(): Promise<{ url: string; descriptions: () => number }> {
  const broker = await Mosquitto.start();
  const subscriber = await Subscriber.start(broker.url);
  onTestFinished(async () => {
    await subscriber.close();
    await broker.close();
  });
  return { url: broker.url, descriptions: () => subscriber.json('scenecast/cases/drawn/observation').length };
}

/** Runs the daemon, and collects its log. */
function start(config: string): { child: ChildProcess; exit: Promise<unknown[]>; log: () => string } {
  const child = spawn(bin, ['run', '--config', config], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let log = '';
  child.stdout.on('data', (data) => {
    log += data;
  });
  return { child, exit: once(child, 'exit'), log: () => log };
}

/** Runs the daemon with a stdout that a shell command sets up, and returns its process id. */
async function startThrough(shell: string, config: string, folder: string): Promise<number> {
  const pidFile = join(folder, 'pid');
  const child = spawn('sh', ['-c', shell], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, RUN: `echo $$ >${pidFile}; exec ${bin} run --config ${config}` },
  });
  await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'));
  const pid = Number(readFileSync(pidFile, 'utf8'));
  onTestFinished(async () => {
    for (const each of [pid, child.pid!])
      try {
        process.kill(each, 'SIGKILL');
      } catch {}
  });
  return pid;
}

test.each([
  ['a full disk', 'sh -c "$RUN" >/dev/full; echo $? >code'],
  [
    'a pipe that is full and that nobody reads',
    '(head -c 65536 /dev/zero; sh -c "$RUN"; echo $? >code) | sleep 140',
  ],
  ['a pipe whose reader has gone', '(sleep 0.2; sh -c "$RUN"; echo $? >code) | true'],
])(
  'with a log that goes into %s, descriptions go on, and SIGTERM ends it within 5 s',
  async (_what, shell) => {
    const { url, descriptions } = await startBroker();
    const folder = scratch();
    const config = configIn(folder, { mqtt: { url } });
    const pid = await startThrough(`cd ${folder}; ${shell}`, config, folder);
    await until(() => descriptions() >= 3, 60_000);
    process.kill(pid, 'SIGTERM');
    await until(() => existsSync(join(folder, 'code')), 5000);
    await until(() => readFileSync(join(folder, 'code'), 'utf8') === '0\n', 1000);
  },
);

test.each(['SIGHUP', 'SIGTERM', 'SIGINT'] as const)('%s ends the daemon with exit code 0', async (signal) => {
  const folder = scratch();
  // The second time its plan is known, so that the signal comes sooner after the start.
  for (const time of ['first', 'second']) {
    const { child, exit, log } = start(configIn(folder));
    await until(() => log().includes('pipeline started'), 60_000);
    child.kill(signal);
    expect(await exit, time).toEqual([0, null]);
  }
});

test('a SIGTERM while Scenecast is still being loaded ends it with exit code 0', async () => {
  const folder = scratch();
  // The first import beyond main.ts; by then most of a start is still to come.
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) {
      if (name === 'commander') process.kill(process.pid, 'SIGTERM');
      return next(name, context);
    } });`;
  const child = spawn(bin, ['run', '--config', configIn(folder)], {
    stdio: 'ignore',
    env: { ...process.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` },
  });
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a SIGTERM before Node runs ends it with exit code 0, and other commands by the signal', async () => {
  const folder = scratch();
  writeFileSync(join(folder, 'dirname'), '#!/bin/sh\nkill -TERM $PPID\nexec /usr/bin/dirname "$@"\n', {
    mode: 0o755,
  });
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` };
  const run = spawn(bin, ['run', '--config', configIn(folder)], { stdio: 'ignore', env });
  expect(await once(run, 'exit')).toEqual([0, null]);
  const other = spawn(bin, ['--version'], { stdio: 'ignore', env });
  expect(await once(other, 'exit')).toEqual([null, 'SIGTERM']);
});

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const answered = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return answered;
}

test("SIGUSR1 does not open Node's inspector, in the daemon and in its children", async () => {
  const folder = scratch();
  const child = spawn(bin, ['run', '--config', configIn(folder)], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      output += data;
    });
  await until(() => output.includes('model loaded'), 60_000);
  const engine = Number(/"pid":(\d+)[^}]*"msg":"model loaded"/.exec(output)?.[1]);
  const pids = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number);
  expect(pids.length).toBeGreaterThan(0);
  expect(engine).toBeGreaterThan(0);
  const wasFree = !(await listens(9229));
  for (const pid of [child.pid!, ...pids]) process.kill(pid, 'SIGUSR1');
  await sleep(1000);
  expect(output).not.toContain('Debugger');
  if (wasFree) expect(await listens(9229)).toBe(false);
  for (const pid of [child.pid!, ...pids]) expect(existsSync(`/proc/${pid}`)).toBe(true);
});

test('a state folder that is deleted while it runs is there again within a minute, with all that waits', async () => {
  const folder = scratch();
  const { child, exit, log } = start(configIn(folder));
  await until(() => log().split('"msg":"described"').length > 3, 60_000);
  rmSync(join(folder, 'state'), { recursive: true });
  const outbox = join(folder, 'state/outbox-cases.db');
  await until(() => existsSync(outbox) && existsSync(join(folder, 'state/topics-cases.json')), 60_000);
  await until(() => log().includes('outbox was deleted; written again'), 10_000);
  child.kill('SIGKILL');
  await exit;
  const described = log().split('"msg":"described"').length - 1;
  const broker = await startBroker();
  const second = spawn(bin, ['run', '--config', configIn(folder, { mqtt: { url: broker.url } })], {
    stdio: 'ignore',
  });
  onTestFinished(() => void second.kill('SIGKILL'));
  await until(() => broker.descriptions() >= described, 60_000);
});

test('lines that are not read are dropped and counted, and none is torn', async () => {
  const program = `
    import { LineOutput } from ${JSON.stringify(join(import.meta.dirname, '../../src/system/line-output.ts'))};
    const output = new LineOutput(1, (count) => output.write('dropped ' + count + '\\n')).open();
    for (let number = 0; number < 40000; number++) output.write(String(number).padStart(100, '.') + '\\n');
    process.stderr.write('written');
    process.once('SIGTERM', () => { output.write('last\\n'); output.close(); process.exit(); });
    setInterval(() => {}, 1000);
  `;
  for (const shell of ['exec "$@"', '"$@" | (while [ ! -e "$GO" ]; do sleep 0.1; done; cat)']) {
    const go = join(scratch(), 'go');
    const child = spawn('sh', ['-c', shell, 'sh', process.execPath, '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, GO: go },
      detached: true,
    });
    await once(child.stderr, 'data');
    writeFileSync(go, '');
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
    });
    await until(() => text.includes('dropped '), 30_000);
    process.kill(-child.pid!, 'SIGTERM');
    await once(child, 'close');
    const lines = text.trimEnd().split('\n');
    const dropped = lines.filter((line) => line.startsWith('dropped ')).map((line) => Number(line.slice(8)));
    const numbers = lines.filter((line) => /^\.+\d+$/.test(line) && line.length === 100);
    expect(dropped.length).toBeGreaterThan(0);
    expect(numbers.length + dropped.reduce((sum, count) => sum + count, 0)).toBe(40_000);
    expect(lines.filter((line) => line !== 'last')).toHaveLength(numbers.length + dropped.length);
  }
});
