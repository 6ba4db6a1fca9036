import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { takeLock } from '../../src/models/installed/folder-lock.ts';
import { Outbox } from '../../src/store/outbox.ts';
import { SettingsFile } from '../../src/store/settings-file.ts';
import { rememberTopics } from '../../src/store/topics-file.ts';
import { KeyedFile } from '../../src/system/keyed-file.ts';
import { readSecret } from '../../src/system/read-secret.ts';
import { LogLines } from '../../tools/test/log-lines.ts';

const root = join(import.meta.dirname, '../..');
const inputs = join(import.meta.dirname, 'config');

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function scenecast(...args: string[]): Promise<Result> {
  return scenecastWith({}, ...args);
}

function scenecastWith(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    execFile(
      join(root, 'bin/scenecast'),
      args,
      { timeout: 20_000, env: { ...process.env, ...env } },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-cases-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function pipeIn(folder: string, name: string): string {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  return path;
}

test.each(['check', 'run'])(
  '%s ends with 78 and without a stack, so that systemd does not restart it',
  async (command) => {
    for (const file of ['unknown-alias.yaml', 'alias-bomb.yaml', 'tag-secret.yaml', 'latin1.yaml']) {
      const path = join(inputs, file);
      const { code, stderr } = await (command === 'run'
        ? scenecast('run', '--config', path)
        : scenecast('config', 'check', path));
      expect(code).toBe(78);
      expect(stderr).toContain(`scenecast: config ${path}:`);
      expect(stderr).not.toMatch(/\n {4}at |Error/);
    }
  },
);

test('config check takes its file as an argument or as --config, and just one', async () => {
  const file = join(inputs, 'shared-block.yaml');
  const asArgument = await scenecast('config', 'check', file);
  expect(asArgument).toMatchObject({ code: 0, stdout: `${file}: valid; cameras: a, b\n` });
  expect(await scenecast('config', 'check', '--config', file)).toEqual(asArgument);
  expect(await scenecast('config', 'check', '-c', file)).toEqual(asArgument);
  expect(await scenecast('config', 'check')).toMatchObject({ code: 64 });
  expect(await scenecast('config', 'check', file, '-c', file)).toMatchObject({ code: 64 });
});

test('config check says in one line where frames leave the board', async () => {
  const file = join(scratch(), 'c.yaml');
  const check = async (engine: string): Promise<string> => {
    writeFileSync(file, `cameras: { a: { source: { type: scene } } }\nengine: ${engine}\n`);
    return (await scenecast('config', 'check', file)).stdout.replace(`${file}: valid; cameras: a\n`, '');
  };
  expect(await check('own')).toBe('');
  expect(await check('{ url: "http://192.168.1.5:8080/v1", fallback: expire }')).toBe(
    'frames leave this board: to http://192.168.1.5:8080/v1 (engine.url)\n',
  );
});

test('~/ is the home folder after = too, where shells leave it as it is', async () => {
  const home = scratch();
  writeFileSync(join(home, 'c.yaml'), 'cameras: { a: { source: { type: scene } } }');
  expect(await scenecastWith({ HOME: home }, 'config', 'check', '--config=~/c.yaml')).toMatchObject({
    code: 0,
    stdout: `${home}/c.yaml: valid; cameras: a\n`,
  });
});

test('a config that is a pipe, a device, a folder or huge is refused at once', async () => {
  const folder = scratch();
  const huge = join(folder, 'huge.yaml');
  writeFileSync(huge, 'cameras:');
  truncateSync(huge, 200e6);
  const faults = [
    [pipeIn(folder, 'pipe.yaml'), 'it is a pipe, not a file'],
    ['/dev/zero', 'it is a device or socket, not a file'],
    [folder, 'it is a folder, not a file'],
    [huge, 'it is larger than 1024 KiB (200000000 bytes)'],
  ] as const;
  for (const [path, reason] of faults)
    expect(await scenecast('config', 'check', path)).toMatchObject({
      code: 78,
      stderr: `scenecast: config ${path}: cannot be read: ${reason}\n`,
    });
});

test('an outbox that is a pipe is moved aside', async () => {
  const path = pipeIn(scratch(), 'outbox.db');
  const log = new LogLines();
  const bounds = { maxEntries: 10, maxBytes: 1 << 20, maxAgeMs: 1e9, replayMs: 1e9 };
  const outbox = new Outbox({ path, bounds, log });
  onTestFinished(() => outbox.close());
  await outbox.open();
  expect(statSync(path).isFile()).toBe(true);
  expect(statSync(`${path}.damaged`).isFIFO()).toBe(true);
  expect(log.lines).toMatchObject([{ level: 'error', fields: { reason: 'it is a pipe, device or socket' } }]);
});

test('state files and secrets that are pipes do not block', async () => {
  const pipe = pipeIn(scratch(), 'pipe');
  const log = new LogLines();
  expect(await new SettingsFile(pipe, log).load()).toEqual(new Map());
  expect(log.lines[0]).toMatchObject({ level: 'warn', fields: { reason: 'it is a pipe, not a file' } });
  await expect(readSecret(pipe, 'mqtt.password_file pw')).rejects.toThrow(
    'mqtt.password_file pw: cannot be read: it is a pipe, not a file',
  );
  expect(await new KeyedFile(pipe, z.string()).read('a')).toBeNull();
  await expect(takeLock(pipe, 'it is in use', 0)).rejects.toThrow(
    `${pipe}: cannot be used as a lock: it is a pipe, not a file; remove it`,
  );
  expect(await rememberTopics(pipe, ['a'], 'c.yaml', log)).toEqual(['a']);
});
