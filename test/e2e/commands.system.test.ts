import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, onTestFinished, test } from 'vitest';

const run = promisify(execFile);
const bin = join(import.meta.dirname, '../../bin/scenecast');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-commands-'));
  return () => rmSync(folder, { recursive: true });
});

async function scenecast(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await run(bin, args, { cwd: folder })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

test('scene draws a scene and prints its truth, and describe works from any folder', async () => {
  const scene = await scenecast('scene', '--seed', '900004', '--size', '640x480', '--out', 'x.jpg');
  expect(scene.code).toBe(0);
  const truth = JSON.parse(scene.stdout);
  const [count] = truth.questions;
  const described = await scenecast('describe', '--json', 'x.jpg', '--ask', count.question);
  expect(described.stderr).toBe('');
  const line = JSON.parse(described.stdout);
  expect(line).toMatchObject({
    image: 'x.jpg',
    description: truth.caption,
    answers: { [count.question]: expect.stringMatching(/^There (is|are) /) },
    finish_reason: 'stop',
    tokens: { image: 268, image_omitted: 0 },
  });
  expect(Object.keys(line.timing_ms)).toEqual(['pack', 'encode', 'prefill', 'generate']);
});

test.each([
  [['--detail', 'overview'], { image: 64, image_omitted: 0 }],
  [['--image-tokens', '100'], { image: 100, image_omitted: 168 }],
])('describe %j shows less of a picture', async (flags, tokens) => {
  await scenecast('scene', '--seed', '900006', '--size', '640x480', '--out', 'less.jpg');
  const described = await scenecast('describe', '--json', 'less.jpg', ...flags);
  expect(JSON.parse(described.stdout)).toMatchObject({ tokens });
});

test('a bad picture among good ones is named and fails the command, and the others are described', async () => {
  await scenecast('scene', '--seed', '900005', '--out', 'good.jpg');
  writeFileSync(join(folder, 'bad.jpg'), 'not a picture');
  const { code, stdout, stderr } = await scenecast('describe', 'bad.jpg', 'good.jpg');
  expect(code).toBe(1);
  expect(stdout).toMatch(/^good\.jpg: \S/);
  expect(stderr).toMatch(/^scenecast: bad\.jpg: not a readable picture/);
});

test.each([
  [['scene', '--seed', 'x', '--out', 'y.jpg'], 64, /A seed is a whole number/],
  [['scene', '--seed', '1', '--size', '9', '--out', 'y.jpg'], 64, /must be a size such as 1280x720/],
  [['scene', '--seed', '1'], 64, /--out/],
  [['paint'], 64, /unknown command/],
  [['describe', 'x.jpg', '--detail', 'much'], 64, /Allowed choices are overview, balanced, full/],
  [['describe', 'x.jpg', '--image-tokens', '0'], 64, /must be a whole number of at least 1/],
  [['describe', 'x.jpg', '--model', '/nowhere'], 78, /model\.path \/nowhere: not a readable folder/],
  [['run', '--config', '/nowhere.yaml'], 78, /\/nowhere\.yaml: cannot be read/],
])('scenecast %j ends with exit code %i', async (args, code, message) => {
  const result = await scenecast(...args);
  expect(result.stderr).toMatch(message);
  expect(result.code).toBe(code);
});

test('Ctrl-C ends a command that waits with one line', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void silent.close());
  await once(silent, 'listening');
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  const camera = { source: { type: 'http', url } };
  writeFileSync(join(folder, 'silent.yaml'), JSON.stringify({ cameras: { camera } }));
  const child = spawn(bin, ['doctor', '--config', 'silent.yaml'], { cwd: folder });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  child.stdout.resume();
  await once(silent, 'connection');
  child.kill('SIGINT');
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(stderr).toBe('scenecast: interrupted\n');
});

test('models show reads a GGUF file: template and why, tokens by size and detail', async () => {
  const demo = join(import.meta.dirname, '../../models/demo');
  const shown = await scenecast(
    'models',
    'show',
    join(demo, 'demo-text-f16.gguf'),
    '--size',
    '640x480',
    '--json',
  );
  expect(shown.stderr).toBe('');
  expect(JSON.parse(shown.stdout)).toMatchObject({
    mmproj: join(demo, 'demo-mmproj-f16.gguf'), // the one next to it
    architecture: 'llama',
    quant: 'F16',
    projector: { type: 'mlp', quant: 'F16', image_size: 112, image_newline: true },
    template: { source: 'gguf' },
    image_tokens: { '640x480': { overview: 64, balanced: 152, full: 268 } },
  });
  const named = await scenecast('models', 'show', demo, '--template', 'llama3');
  expect(named.stdout).toMatch(/template +llama3: set in the config/);
  const swapped = await scenecast('models', 'show', join(demo, 'demo-mmproj-f16.gguf'));
  expect(swapped).toMatchObject({
    code: 78,
    stderr: expect.stringMatching(/demo-mmproj-f16\.gguf is a vision projector/),
  });
});

test('a converted checkpoint describes as the committed model does, quantised and not', async () => {
  const demo = join(import.meta.dirname, '../../models/demo');
  for (const seed of ['900010', '900011']) await scenecast('scene', '--seed', seed, '--out', `${seed}.jpg`);
  const pictures = ['900010.jpg', '900011.jpg'];
  const describedBy = async (model: string): Promise<string> =>
    (await scenecast('describe', '--model', model, ...pictures)).stdout;
  const committed = await describedBy(demo);
  expect(committed.split('\n')).toHaveLength(3);
  await scenecast('convert', join(demo, 'checkpoint'), '--out', 'f16', '--quant-mmproj', 'F16');
  expect(await describedBy('f16')).toBe(committed);
  await scenecast('convert', join(demo, 'checkpoint'), '--out', 'q8', '--quant', 'Q8_0');
  expect(await describedBy('q8')).toBe(committed);
  const q8 = JSON.parse((await scenecast('models', 'show', './q8', '--json')).stdout);
  expect([q8.quant, q8.projector.quant]).toEqual(['Q8_0', 'Q8_0']);
}, 120_000);

test('a catalogue model that is not downloaded is an error with the command to get it', async () => {
  const { code, stderr } = await scenecast('describe', 'x.jpg', '--model', 'smolvlm2-256m');
  expect(stderr).toMatch(/model\.path smolvlm2-256m: .*scenecast models pull smolvlm2-256m/);
  expect(code).toBe(78);
});
