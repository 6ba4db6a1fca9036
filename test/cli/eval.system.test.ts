import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { configSchema } from '../../src/config/schema.ts';
import type { Label, LabelledQuestion } from '../../src/domain/label.ts';
import { appendLabels, readLabels } from '../../src/labels/labels-file.ts';
import { measuredPathOf } from '../../src/setup/labelled-folder.ts';
import { MeasuredFile } from '../../src/store/measured-file.ts';
import { shortly } from '../../tools/accuracy/typed-questions.ts';
import { readGguf } from '../../tools/test/read-gguf.ts';
import { seededRandom } from '../../tools/test/seeded-random.ts';
import { Terminal } from '../../tools/test/terminal.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 });

const bin = join(import.meta.dirname, '../../bin/scenecast');
const demo = join(import.meta.dirname, '../../models/demo');
const size = { width: 336, height: 336 };
const count: LabelledQuestion = {
  ...{ name: 'count', ask: `How many shapes are there?${shortly}` },
  type: { kind: 'integer', min: 0, max: 9 },
};
const config = {
  device: 'workshop',
  store: { folder: 'state' },
  model: { threads: 1 },
  cameras: {
    drawn: { source: { type: 'scene' }, questions: { count: { ask: count.ask, type: 'integer', max: 9 } } },
  },
};

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-eval-'));
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
  mkdirSync(join(folder, 'set'));
  const labels: Label[] = [];
  for (let seed = 900_000; seed < 900_100; seed++) {
    const scene = sampleScene(seed, size);
    const picture = `${seed}.jpg`;
    writeFileSync(join(folder, 'set', picture), await drawScene(scene));
    labels.push({
      picture,
      camera: 'drawn',
      question: count,
      value: scene.shapes.length,
      by: null,
      at: null,
    });
  }
  await appendLabels(join(folder, 'set'), labels);
  return () => rmSync(folder, { recursive: true });
});

async function scenecast(args: readonly string[], stdin = '') {
  const env = { ...process.env, STATE_DIRECTORY: join(folder, 'other-state') };
  const running = promisify(execFile)(bin, args, { cwd: folder, env });
  running.child.stdin!.end(stdin);
  try {
    return { code: 0, ...(await running) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

describe('eval of 100 labelled scenes', () => {
  test('finds a worse wording, and keeps what it measured for the daemon', async () => {
    const { code, stdout, stderr } = await scenecast([
      ...['eval', 'set', '--config', 'config.yaml', '--compare', 'ask=What is the weather like?'],
      ...['--require', 'accuracy=0.9', '--keep', '--report', 'report.html', '--json'],
    ]);
    expect(stderr).toContain('100 of 200 pictures\n');
    expect(code).toBe(0);
    const { settings, comparisons } = JSON.parse(stdout);
    expect(settings[0].pictures).toBe(100);
    expect(settings[0].questions[0].accuracy).toBeGreaterThan(0.9);
    expect(settings[0].questions[0].confidence.auroc).toBeGreaterThan(0.5);
    expect(settings[1].questions[0].accuracy).toBeLessThan(0.8);
    expect(comparisons).toMatchObject([{ camera: 'drawn', question: 'count', better: 'first' }]);
    const [measured] = await new MeasuredFile(measuredPathOf(configSchema.parse(config), folder)).read();
    expect(measured).toMatchObject({ camera: 'drawn', question: 'count', ask: count.ask, labels: 100 });
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toMatch(/<svg .*drawn\/count.*<pre>first: /s);
  });

  test('finds a worse model', async () => {
    writeWorseModel(join(folder, 'worse'));
    const { stdout } = await scenecast(['eval', 'set', '--compare', 'model=worse']);
    expect(stdout).toMatch(/^first: .*, 100 pictures, \d+\.\d\d s each$/m);
    expect(stdout).toMatch(
      /^drawn\/count: both are right on \d+, both wrong on \d+, only the first is right on/m,
    );
    expect(stdout).toMatch(/: the first is better\.$/m);
  });

  test('finds no difference between a model and itself', async () => {
    const { stdout } = await scenecast([
      'eval',
      'set',
      '--compare',
      'model=models/demo',
      '--question',
      'count',
    ]);
    expect(stdout).toContain(
      'with a probability of 1.0000: the difference may be chance. More labels would tell.',
    );
  });
});

/** The demo model with half of its projector's weights gone. */
function writeWorseModel(worse: string): void {
  cpSync(demo, worse, { recursive: true });
  const path = join(worse, 'demo-mmproj-f16.gguf');
  const { tensors } = readGguf(path);
  const random = seededRandom(1);
  const weights = [...tensors].filter(([name]) => /^mm\..*weight$/.test(name)).map(([, { bytes }]) => bytes);
  for (const bytes of weights)
    for (let at = 0; at < bytes.length; at += 2) if (random() < 0.5) bytes.fill(0, at, at + 2);
  // The tensors are views of the whole file.
  writeFileSync(path, new Uint8Array(weights[0]!.buffer));
}

describe('a mark', () => {
  test('that is missed is exit code 1, with the accuracy', async () => {
    const { code, stdout, stderr } = await scenecast([
      ...['eval', 'set', '--ask', 'What is the weather like?', '--require', 'accuracy=0.95'],
    ]);
    expect(code).toBe(1);
    expect(stdout).toContain('| right answer |');
    expect(stderr).toMatch(/scenecast: accuracy below 0\.95: drawn\/count has 0\.\d+\n$/);
  });

  test.each([
    [['--require', 'accuracy=95'], 64, 'It must be accuracy= and a share from 0 to 1.'],
    [['--report', 'x.png'], 64, 'The file must end in .svg or .html.'],
    [['--keep'], 78, '--keep: needs --config FILE, as it is for the daemon of a config'],
    [
      ['--question', 'cat'],
      78,
      'no labels are of that camera and question; there are cameras drawn, questions count',
    ],
    [['--report', 'gone/x.svg'], 78, 'gone/x.svg: cannot be written: '],
    [['--keep', '--config', 'damaged.yaml'], 78, 'measured-workshop.json: is damaged: '],
  ])('%j is refused before a model is loaded', async (flags, code, fault) => {
    const damaged = { ...config, store: { folder: 'damaged' } };
    mkdirSync(join(folder, 'damaged'), { recursive: true });
    writeFileSync(join(folder, 'damaged.yaml'), JSON.stringify(damaged));
    writeFileSync(measuredPathOf(configSchema.parse(damaged), folder), '{');
    const run = await scenecast(['eval', 'set', ...flags]);
    expect(run.stdout).toBe('');
    expect(run.code).toBe(code);
    expect(run.stderr).toContain(fault);
  });
});

test('keys of a terminal that are no characters label nothing', async () => {
  mkdirSync(join(folder, 'keys/drawn'), { recursive: true });
  for (const name of ['1.jpg', '2.jpg'])
    writeFileSync(join(folder, 'keys/drawn', name), readFileSync(join(folder, 'set/900000.jpg')));
  const terminal = new Terminal(['label', join(folder, 'keys'), '--config', join(folder, 'config.yaml')]);
  await terminal.shows('1 of 2');
  const [remove, pageUp, up, f5] = ['\x1b[3~', '\x1b[5~', '\x1b[A', '\x1b[15~'];
  terminal.type(remove + pageUp + up + f5);
  terminal.type('4');
  await terminal.shows('2 of 2');
  terminal.type('q');
  await terminal.exit();
  expect((await readLabels(join(folder, 'keys'))).map(({ value }) => value)).toEqual([4]);
});

test('label takes keys from a pipe, and goes on where it was left', async () => {
  mkdirSync(join(folder, 'own/drawn'), { recursive: true });
  for (const name of ['1.jpg', '2.jpg', '3.jpg'])
    writeFileSync(join(folder, 'own/drawn', name), readFileSync(join(folder, 'set/900000.jpg')));
  const first = await scenecast(['label', 'own', '--config', 'config.yaml'], '3q');
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).toContain('pictures: 3, labels set: 0, to go: 3\n');
  expect(first.stdout).toContain('1 written to own/labels.jsonl, 2 to go\n');
  const second = await scenecast(['label', 'own'], 's1');
  expect(second.stdout).toContain('pictures: 3, labels set: 1, to go: 2\n');
  const labels = await readLabels(join(folder, 'own'));
  expect(labels.map(({ picture, value, by }) => [picture, value, by])).toEqual([
    ['drawn/1.jpg', 3, 'terminal'],
    ['drawn/3.jpg', 1, 'terminal'],
  ]);
});
