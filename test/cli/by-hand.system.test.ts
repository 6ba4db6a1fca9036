import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';

vi.setConfig({ testTimeout: 60_000 });

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../..');
const isRoot = process.geteuid!() === 0;
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-by-hand-'));
  // As the package has it: /usr/bin/scenecast is a link to a folder that names the service's state folder.
  for (const name of ['installed', 'state', 'theirs', 'bin']) mkdirSync(join(folder, name));
  cpSync(join(repository, 'bin'), join(folder, 'installed/bin'), { recursive: true });
  for (const name of ['src', 'node_modules', 'package.json', 'models', 'build'])
    symlinkSync(join(repository, name), join(folder, 'installed', name));
  symlinkSync('../installed/bin/scenecast', join(folder, 'bin/scenecast'));
  writeFileSync(join(folder, 'installed/state-folder'), `${folder}/state\n`);
  if (isRoot) chownSync(join(folder, 'theirs'), 65_534, 65_534);
  return () => rmSync(folder, { recursive: true });
});

async function scenecast(
  args: readonly string[],
  { state, stdin }: { readonly state?: string; readonly stdin?: Uint8Array } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { STATE_DIRECTORY: _, XDG_STATE_HOME: __, NODE_COMPILE_CACHE: ___, ...rest } = process.env;
  const env = { ...rest, HOME: join(folder, 'home'), ...(state && { STATE_DIRECTORY: join(folder, state) }) };
  const running = run(join(folder, 'bin/scenecast'), args, { cwd: folder, env });
  running.child.stdin!.end(stdin);
  return running.then(
    (result) => ({ code: 0, ...result }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

describe('the state folder of an installed package', () => {
  test('is the one that it names, for compiled code too; STATE_DIRECTORY goes before', async () => {
    mkdirSync(join(folder, 'state/models/own'), { recursive: true });
    writeFileSync(join(folder, 'state/models/own/own.gguf'), '');
    const listed = await scenecast(['models', 'list', '--json']);
    expect(JSON.parse(listed.stdout)).toContainEqual(expect.objectContaining({ name: 'own' }));
    expect(readdirSync(join(folder, 'state'))).toContain('compile-cache');
    const other = await scenecast(['models', 'list', '--json'], { state: 'other' });
    expect(JSON.parse(other.stdout)).not.toContainEqual(expect.objectContaining({ name: 'own' }));
  });

  test
    .runIf(isRoot)
    .each([
      [['models', 'pull', 'smolvlm2-256m']],
      [['models', 'remove', 'own']],
      [['tune', '--model', "it's here"]],
      [['run', '--config', 'config.yaml']],
    ])('root is told what to type before %j does anything', async (args) => {
    writeFileSync(join(folder, 'config.yaml'), 'cameras: { drawn: { source: { type: scene } } }');
    const { code, stderr, stdout } = await scenecast(args, { state: 'theirs' });
    expect(code).toBe(78);
    expect(stderr).toContain(`the state folder ${folder}/theirs belongs to the user nobody\n`);
    const typed = args.join(' ').replace("it's here", "'it'\\''s here'");
    expect(stderr).toContain(
      `type: runuser -u nobody -- env STATE_DIRECTORY=${folder}/theirs scenecast ${typed}\n`,
    );
    expect(stdout).toBe('');
    expect(readdirSync(join(folder, 'theirs'))).toEqual([]);
  });

  test.runIf(isRoot)('what only reads works for root, and leaves nothing there', async () => {
    for (const args of [['models', 'list'], ['plan']])
      expect(await scenecast(args, { state: 'theirs' })).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(join(folder, 'theirs'))).toEqual([]);
  });
});

describe('scenecast describe', () => {
  test('takes standard input, folders and addresses beside files; a fault stops no other', async () => {
    const jpeg = await drawScene(sampleScene(900_004, { width: 640, height: 480 }));
    mkdirSync(join(folder, 'pictures'));
    for (const name of ['a.jpg', 'b.jpg']) writeFileSync(join(folder, 'pictures', name), jpeg);
    const { code, stdout, stderr } = await scenecast(
      ['describe', 'http://127.0.0.1:9/?key=secret', 'pictures', '-'],
      { stdin: jpeg },
    );
    const lines = stdout.trim().split('\n');
    expect(lines.map((line) => line.split(': ')[0])).toEqual(['pictures/a.jpg', 'pictures/b.jpg', '-']);
    expect(new Set(lines.map((line) => line.split(': ')[1])).size).toBe(1);
    expect(stderr).toMatch(/^scenecast: http:\/\/127\.0\.0\.1:9\/\?\*\*\*: refused; .*\n$/);
    expect(code).toBe(1);
  });

  test('empty standard input is named', async () => {
    const { code, stderr } = await scenecast(['describe', '-'], { stdin: new Uint8Array() });
    expect(stderr).toBe('scenecast: -: standard input is empty\n');
    expect(code).toBe(1);
  });
});

test('tune warns of the load and keeps nothing that was measured under it', async () => {
  const busy = Array.from({ length: 2 }, () => spawn(process.execPath, ['-e', 'for (;;);']));
  onTestFinished(() => {
    for (const child of busy) child.kill('SIGKILL');
  });
  const env = { ...process.env, STATE_DIRECTORY: join(folder, 'busy') };
  const tune = spawn(join(folder, 'bin/scenecast'), ['tune'], { env });
  let stderr = '';
  tune.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    if (stderr.includes('waiting') && !tune.killed) tune.kill('SIGINT');
  });
  const [code] = await once(tune, 'close');
  expect(stderr).toMatch(
    /^warning: other programs use \d\.\d CPUs \(.*; waiting at most 30 s for idle CPUs$/m,
  );
  expect(code).toBe(1);
  expect(existsSync(join(folder, 'busy/tune.json'))).toBe(false);
});
