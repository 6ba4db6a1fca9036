import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test, vi } from 'vitest';
import { until } from '../../tools/test/until.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

const bin = join(import.meta.dirname, '../../bin/scenecast');
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-bench-'));
  await scenecast('scene', '--seed', '900007', '--size', '640x480', '--out', 'own.jpg');
  writeFileSync(
    join(folder, 'config.yaml'),
    JSON.stringify({
      mqtt: { username: 'canary-user', password_file: 'canary-file' },
      model: { threads: 1, detail: 'overview' },
      cameras: {
        porch: {
          source: {
            ...{ type: 'ffmpeg', input: 'rtsp://127.0.0.1/canary' },
            ...{ username: 'canary-user', password_file: 'canary-file' },
          },
        },
      },
    }),
  );
  return () => rmSync(folder, { recursive: true });
});

async function scenecast(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, STATE_DIRECTORY: join(folder, 'state') };
  try {
    return { code: 0, ...(await promisify(execFile)(bin, args, { cwd: folder, env })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

test('five scenes are described, and the report is Markdown', async () => {
  const { code, stdout, stderr } = await scenecast('bench');
  expect(code).toBe(0);
  expect(stderr).toMatch(/^1 of 5: scene 1: \d+\.\d\d s$/m);
  const [facts, times] = stdout.trimEnd().split('\n\n') as [string, string];
  for (const line of [...facts.split('\n'), ...times.split('\n')]) expect(line).toMatch(/^\| .* \|$/);
  expect(facts).toMatch(/^\| build +\| llama\.cpp v0\.5\.0/m);
  expect(facts).toMatch(/^\| peak memory +\| engine \d+ MiB, command \d+ MiB/m);
  const names = times.split('\n').map((line) => line.split('|')[1]!.trim());
  expect(names.slice(2)).toEqual(['scene 1', 'scene 2', 'scene 3', 'scene 4', 'scene 5', 'median']);
});

test("own pictures with a config's model, as JSON without secrets", async () => {
  const { stdout, stderr } = await scenecast(
    ...['bench', '--json', '--config', 'config.yaml', '--picture', join(folder, 'own.jpg'), 'own.jpg'],
  );
  const report = JSON.parse(stdout);
  expect(report.plan).toMatchObject({ threads: 1, detail: 'overview' });
  expect(report.pictures.map(({ picture }: { picture: string }) => picture)).toEqual(['own.jpg', 'own.jpg']);
  for (const picture of report.pictures) {
    const { pack_seconds: pack, encode_seconds: encode, prefill_seconds: prefill } = picture;
    const stages = pack + encode + prefill + picture.generate_seconds;
    expect(stages).toBeGreaterThan(0);
    expect(picture.total_seconds).toBeGreaterThan(stages);
    expect(picture.tokens_in).toBeGreaterThan(20);
    expect(picture.generate_tokens_per_second).toBeGreaterThan(1);
  }
  // The demo model's weights alone are 27 MB.
  expect(report.peak_bytes.engine).toBeGreaterThan(60e6);
  expect(report.peak_bytes.command).toBeGreaterThan(30e6);
  expect(stdout + stderr).not.toContain('canary');
  expect(stdout).not.toContain(folder);
});

test('Ctrl-C ends it, and the engine process too', async () => {
  const pictures = Array.from({ length: 500 }, () => 'own.jpg');
  const child = spawn(bin, ['bench', '--picture', ...pictures], { cwd: folder });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  await until(() => stderr.includes('1 of 500'), 100_000);
  const engines = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
  expect(engines).toHaveLength(1);
  child.kill('SIGINT');
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(stderr).toMatch(/^scenecast: interrupted$/m);
  expect(stdout).toBe('');
  expect(existsSync(`/proc/${engines[0]}`)).toBe(false);
});

test.each([
  [['--model', '/nowhere'], 78, /model\.path \/nowhere: not a readable folder/],
  [['--config', '/nowhere.yaml'], 78, /\/nowhere\.yaml: cannot be read/],
  [['--picture', 'config.yaml'], 1, /config\.yaml: not a readable picture/],
  [['--pictures'], 64, /unknown option/],
])('scenecast bench %j ends with exit code %i', async (args, code, message) => {
  const result = await scenecast('bench', ...args);
  expect(result.code).toBe(code);
  expect(result.stderr).toMatch(message);
  expect(result.stdout).toBe('');
});
