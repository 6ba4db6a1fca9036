import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, expect, test } from 'vitest';
import { ggufBytes, LoopbackHub, sha256 } from '../../tools/test/loopback-hub.ts';
import { until } from '../../tools/test/until.ts';

const text = ggufBytes(400_000, 1);
const mmproj = ggufBytes(100_000, 2);
// A model whose digests the catalogue does not know: the hub has other bytes.
const repo = 'ggml-org/LFM2-VL-450M-GGUF';
const textName = 'LFM2-VL-450M-Q8_0.gguf';
const mmprojName = `mmproj-${textName}`;
let hub: LoopbackHub;
let state = '';
const folder = (...parts: string[]): string => join(state, 'scenecast/models', ...parts);

beforeEach(async () => {
  state = mkdtempSync(join(tmpdir(), 'scenecast-models-'));
  hub = await new LoopbackHub().start();
  hub.files.set(`${repo}/${textName}`, text).set(`${repo}/${mmprojName}`, mmproj);
  return async () => {
    await hub.close();
    rmSync(state, { recursive: true });
  };
});

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

// The command alone, without the rest of the program.
const program = `
  const { modelsCommand } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../src/cli/models.ts')))});
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  try {
    await modelsCommand(stop.signal).parseAsync(process.argv.slice(2), { from: 'user' });
  } catch (error) {
    process.stderr.write(\`scenecast: \${error.message}\\n\`);
    process.exitCode = error.exitCode;
  }
`;

function start(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): { child: ChildProcess; ended: Promise<Result> } {
  // A file: a child process that quantises inherits Node's flags, and none would run a module given with -e.
  const script = join(state, 'models.mjs');
  writeFileSync(script, program);
  const child = spawn(process.execPath, [script, ...args], {
    env: {
      PATH: process.env['PATH'],
      XDG_STATE_HOME: state,
      HF_ENDPOINT: hub.endpoint,
      MODELSCOPE_ENDPOINT: hub.endpoint,
      ...env,
    },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Result>((done) => child.on('close', (code) => done({ code, stdout, stderr })));
  return { child, ended };
}

const models = (...args: string[]): Promise<Result> => start(args).ended;

test('a model is pulled, shown, verified and removed', async () => {
  const pulled = await models('pull', 'lfm2-vl-450m', '--json');
  expect(pulled.code).toBe(0);
  expect(JSON.parse(pulled.stdout)).toMatchObject({
    name: 'lfm2-vl-450m',
    folder: folder('lfm2-vl-450m'),
    status: 'pulled',
    files: [
      {
        file: textName,
        path: folder('lfm2-vl-450m', textName),
        size_bytes: 400_000,
        sha256: sha256(text),
        checked_against: 'sha256',
        address: `hf:${repo}/${textName}`,
        revision: hub.commit,
      },
      { file: mmprojName, sha256: sha256(mmproj) },
    ],
  });
  expect(pulled.stderr).toContain(`hf:${repo}/${textName}\n`);
  expect(pulled.stderr).toContain('500 kB in total\n');
  expect(pulled.stderr).toContain(`${textName}: downloaded and verified\n`);

  const rows: { name: string }[] = JSON.parse((await models('list', '--json')).stdout);
  const listed = rows.find(({ name }) => name === 'lfm2-vl-450m');
  expect(listed).toMatchObject({ name: 'lfm2-vl-450m', installed: true, size_bytes: 500_000 });
  const shown = await models('show', 'lfm2-vl-450m');
  expect(shown.stdout).toMatch(/engine {4}mtmd\n {2}template {2}the GGUF's own\n/);
  expect(shown.stdout).toContain(`${textName}, 400 kB, SHA-256 ${sha256(text)}`);

  const verified = await models('verify', '--json');
  expect(JSON.parse(verified.stdout).map(({ state: found }: { state: string }) => found)).toEqual([
    'good',
    'good',
  ]);
  writeFileSync(folder('lfm2-vl-450m', textName), mmproj);
  const changed = await models('verify', 'lfm2-vl-450m');
  expect(changed).toMatchObject({ code: 1 });
  expect(changed.stdout).toContain(`changed  lfm2-vl-450m/${textName} ${sha256(mmproj)}`);
  expect(changed.stderr).toMatch(
    /1 of 2 files are changed or missing; run scenecast models pull lfm2-vl-450m/,
  );

  const removed = await models('remove', 'lfm2-vl-450m', '--json');
  expect(JSON.parse(removed.stdout)).toEqual({
    name: 'lfm2-vl-450m',
    freed_bytes: 200_000,
    left: [],
    pinned: true,
  });
  expect(existsSync(folder('lfm2-vl-450m'))).toBe(false);
}, 120_000);

test('files are pulled by address, into a folder of any name', async () => {
  const dir = join(state, 'elsewhere');
  const address = [`hf:${repo}/${textName}`, `modelscope:${repo}/${mmprojName}`];
  const { code, stdout } = await models('pull', ...address, '--name', 'mine', '--dir', dir);
  expect(code).toBe(0);
  expect(stdout).toBe(
    `mine: installed; its files match the hub's digests, which are now pinned\n${join(dir, 'mine')}\n`,
  );
  expect(readdirSync(join(dir, 'mine')).sort()).toEqual([textName, mmprojName].sort());
  expect((await models('list', '--dir', dir)).stdout).toMatch(/^mine +- +- +- +- +- +- +500 kB +yes +-$/m);
}, 120_000);

test("LLaVA's F16 tower is quantised on request, and listed, shown and verified as such", async () => {
  const published = readFileSync(join(import.meta.dirname, '../../models/demo/demo-mmproj-f16.gguf'));
  hub.files.set('o/r/text.gguf', text).set('o/r/mmproj-f16.gguf', published);
  const addresses = ['hf:o/r/text.gguf', 'hf:o/r/mmproj-f16.gguf'];
  const kept = await models('pull', ...addresses, '--name', 'kept', '--quant-mmproj', 'F16');
  expect(kept.code).toBe(0);
  const pulled = await models('pull', ...addresses, '--name', 'mine', '--quant-mmproj', 'q8_0', '--json');
  expect(pulled.stderr).toMatch(
    /mmproj-f16\.gguf: quantised to Q8_0, 1\.71 MB became 1\.00 MB; \d+ kB saved\n/,
  );
  const [, tower] = JSON.parse(pulled.stdout).files;
  const bytes = readFileSync(folder('mine', 'mmproj-Q8_0.gguf'));
  expect(tower).toMatchObject({
    file: 'mmproj-Q8_0.gguf',
    size_bytes: bytes.length,
    sha256: sha256(bytes),
    quantized_from: { file: 'mmproj-f16.gguf', size_bytes: published.length, sha256: sha256(published) },
  });
  expect(readdirSync(folder('mine')).sort()).toEqual(['mmproj-Q8_0.gguf', 'text.gguf']);
  const rows: { name: string; tower: string }[] = JSON.parse((await models('list', '--json')).stdout);
  const towers = Object.fromEntries(rows.map((row) => [row.name, row.tower]));
  expect(towers).toMatchObject({ kept: 'F16', mine: 'Q8_0', 'lfm2-vl-450m': 'Q8_0', 'llava-1.5-7b': 'F16' });
  expect((await models('show', 'mine')).stdout).toMatch(
    new RegExp(`mmproj-Q8_0\\.gguf, .*SHA-256 ${sha256(bytes)}, quantised here from mmproj-f16\\.gguf`),
  );
  expect(await models('verify', 'mine')).toMatchObject({ code: 0 });
}, 120_000);

test('a token is used and never shown or stored', async () => {
  const tokenFile = join(state, 'token');
  writeFileSync(tokenFile, 'hf_secret_1\n');
  const good = await models('pull', 'lfm2-vl-450m', '--token-file', tokenFile);
  expect(good.code).toBe(0);
  expect(hub.seen[0]?.headers.authorization).toBe('Bearer hf_secret_1');
  hub.apiFault = () => ({ status: 401 });
  const bad = await start(['pull', `hf:${repo}/other.gguf`], { HF_TOKEN: 'hf_secret_2' }).ended;
  expect(bad).toMatchObject({ code: 1 });
  expect(bad.stderr).toMatch(/answered 401/);
  expect(hub.seen.at(-1)?.headers.authorization).toBe('Bearer hf_secret_2');
  const stored = readFileSync(folder('models.lock.json'), 'utf8');
  for (const output of [good.stdout, good.stderr, bad.stdout, bad.stderr, stored])
    expect(output).not.toContain('secret');
  expect(hub.downloads.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
}, 120_000);

test('killed at random moments, a pull completes when run again', async () => {
  const right = new Map([
    [textName, sha256(text)],
    [mmprojName, sha256(mmproj)],
  ]);
  const expectRight = (): void => {
    const names = existsSync(folder('lfm2-vl-450m')) ? readdirSync(folder('lfm2-vl-450m')) : [];
    for (const name of names.filter((each) => !/\.part(\.json)?$/.test(each)))
      expect(sha256(readFileSync(folder('lfm2-vl-450m', name)))).toBe(right.get(name));
  };
  hub.fault = () => ({ slow: { pieceBytes: 20_000, pauseMs: 4 } });
  const part = folder('lfm2-vl-450m', `${textName}.part`);
  const partBytes = (): number => (existsSync(part) ? statSync(part).size : 0);
  for (let kills = 0; kills < 5; kills++) {
    const { child, ended } = start(['pull', 'lfm2-vl-450m']);
    let hasEnded = false;
    void ended.then(() => {
      hasEnded = true;
    });
    // The first one while bytes come; the others anywhere, before, between the files or at the end too.
    const killAtBytes = kills === 0 ? 1 : partBytes() + Math.random() * 200_000;
    await until(
      () => partBytes() >= killAtBytes || hasEnded || existsSync(part.replace('.part', '')),
      60_000,
    );
    child.kill('SIGKILL');
    await ended;
    expectRight();
  }
  hub.fault = () => null;
  expect(await models('pull', 'lfm2-vl-450m')).toMatchObject({ code: 0 });
  expectRight();
  expect(readdirSync(folder('lfm2-vl-450m')).sort()).toEqual([...right.keys()].sort());
  expect(hub.downloads.some(({ headers }) => headers.range !== undefined)).toBe(true);
}, 120_000);

test('the next pull removes what one killed between its last two steps has left', async () => {
  expect(await models('pull', 'lfm2-vl-450m')).toMatchObject({ code: 0 });
  const left = folder('lfm2-vl-450m', `${textName}.part.json`);
  writeFileSync(left, '{}');
  expect(await models('pull', 'lfm2-vl-450m')).toMatchObject({ code: 0 });
  expect(existsSync(left)).toBe(false);
}, 120_000);

test('Ctrl-C stops a pull and says how to resume', async () => {
  hub.fault = () => ({ slow: { pieceBytes: 5000, pauseMs: 20 } });
  const { child, ended } = start(['pull', 'lfm2-vl-450m']);
  await until(() => hub.downloads.length > 0, 30_000);
  child.kill('SIGINT');
  expect(await ended).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('scenecast: lfm2-vl-450m: stopped; the downloaded data is kept'),
  });
}, 120_000);
