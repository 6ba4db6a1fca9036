import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { vicuna7b, writeHollowModel } from '../../tools/test/hollow-model.ts';

vi.setConfig({ testTimeout: 180_000 });

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../..');
const bin = join(repository, 'bin/scenecast');
const boards = join(repository, 'test/board/fixtures');
const folder = mkdtempSync(join(tmpdir(), 'scenecast-plan-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function scenecast(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, STATE_DIRECTORY: join(folder, 'state') };
  try {
    return { code: 0, ...(await run(bin, args, { cwd: folder, env })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

describe('scenecast plan', () => {
  const { textPath, mmprojPath } = writeHollowModel(folder, vicuna7b);
  const large = ['--model', textPath, '--mmproj', mmprojPath, '--camera', '1280x720', '--questions', '3'];

  test('LLaVA-1.6 7B on an Orion O6: from headers alone, with at most 1,160 MiB of KV cache', async () => {
    const { code, stdout } = await scenecast(
      'plan',
      '--json',
      '--board',
      `${boards}/orion-o6-acpi`,
      ...large,
    );
    expect(code).toBe(0);
    const { plan, memory, expected, board } = JSON.parse(stdout);
    expect(board).toBe('Radxa Orion O6');
    expect(plan).toMatchObject({ image_tokens: 1948, context_size: 2304, detail: 'full', threads: 8 });
    expect(plan.cpus).toEqual([0, 1, 6, 7, 8, 9, 10, 11]);
    expect(plan.kv_bytes).toBeLessThanOrEqual(1160 * 1024 ** 2);
    expect(memory.total_bytes).toBeLessThan(memory.budget_bytes);
    expect(expected.basis).toBe('projected');
  });

  test('with only what has changed shown closely: the context of a whole picture, and the time after a change', async () => {
    const board = ['--board', `${boards}/orion-o6-acpi`, '--detail', 'changed'];
    const { stdout } = await scenecast('plan', '--json', ...board, ...large);
    const { plan, expected, expected_changed } = JSON.parse(stdout);
    expect(plan).toMatchObject({ image_tokens: 1948, context_size: 2304, detail: 'changed' });
    // 576 of the overview, 28 newlines; a third of 48 columns and 3/8 of 27 rows, with up to 1.5 patches around and in part.
    expect(plan.changed_image_tokens).toBeGreaterThan(576 + 28 + 16 * 10);
    expect(plan.changed_image_tokens).toBeLessThan(576 + 28 + 21 * 15);
    expect(expected_changed.total_seconds).toBeLessThan(0.6 * expected.total_seconds);
    const { stdout: text } = await scenecast('plan', ...board, ...large);
    expect(text).toMatch(/detail +changed +1948 image tokens .* about \d+ after a change of an eighth of it/);
    expect(text).toMatch(/after a change: \d+ s \(projected\): encode/);
  });

  test('with a limit of image tokens: less context and prefill, also after a change, and a reason', async () => {
    const board = ['--board', `${boards}/orion-o6-acpi`, '--detail', 'changed'];
    const planned = async (...args: string[]) => {
      const { code, stdout, stderr } = await scenecast('plan', ...args, ...board, ...large);
      return { code, stderr, stdout, ...(args[0] === '--json' && code === 0 ? JSON.parse(stdout) : {}) };
    };
    const whole = await planned('--json');
    const limited = await planned('--json', '--image-tokens', '700');
    expect(limited.plan).toMatchObject({ image_tokens: 700, changed_image_tokens: 700, context_size: 1280 });
    expect(limited.expected.prefill_seconds).toBeLessThan(0.5 * whole.expected.prefill_seconds);
    expect(limited.expected.encode_seconds).toBeGreaterThan(0.9 * whole.expected.encode_seconds);
    expect(limited.expected_changed.prefill_seconds).toBeLessThan(whole.expected_changed.prefill_seconds);
    expect(limited.memory.picture_bytes).toBe(whole.memory.picture_bytes);
    expect((await planned('--image-tokens', '700')).stdout).toMatch(
      /detail +changed +700 of 1948 image tokens .* \(model\.image_tokens\), about 700 after a change/,
    );
    const { code, stderr } = await planned('--json', '--image-tokens', '600');
    expect(code).toBe(78);
    expect(stderr).toMatch(/model\.image_tokens 600: of the 1948 tokens .* take 604, .* at least 605/);
  });

  test('the same from the output of doctor board, as a table with reasons', async () => {
    const { stdout: printed } = await scenecast('doctor', 'board', '--json', '--board', `${boards}/rock-5b`);
    const file = join(folder, 'rock.json');
    writeFileSync(file, printed);
    const { code, stdout } = await scenecast('plan', '--board', file, ...large);
    expect(code).toBe(0);
    expect(stdout).toMatch(/on Radxa ROCK 5B/);
    expect(stdout).toMatch(/threads +4 on CPU 4-7 +one for each Cortex-A76; Cortex-A55 would slow down/);
    expect(stdout).toMatch(/description time: \d+ s \(projected\)/);
  });

  test('a model that does not fit is refused with its need and with one that fits', async () => {
    const { code, stderr } = await scenecast('plan', '--board', `${boards}/raspberry-pi-4`, ...large);
    expect(code).toBe(78);
    expect(stderr).toMatch(/needs at least 5\.\d\d GiB of memory, but may use only 3\.\d\d GiB/);
    expect(stderr).toMatch(/the most capable catalogue model that fits is \S+/);
  });

  test('a memory limit is kept, and what was reduced for it is shown', async () => {
    const { stdout } = await scenecast(
      'plan',
      '--board',
      `${boards}/orion-o6-acpi`,
      ...large,
      '--memory',
      '6GiB',
    );
    expect(stdout).toMatch(/of 6144 MiB +model\.memory/);
    expect(stdout).toMatch(/to fit the memory: detail \w+ instead of full/);
  });

  const twoModels = join(folder, 'two.yaml');
  writeFileSync(
    twoModels,
    JSON.stringify({
      models: { quick: { path: 'models/demo' }, thorough: { path: folder } },
      cameras: {
        drawn: {
          source: { type: 'scene', size: '1280x720' },
          questions: { open: { ask: 'Is the gate open?', type: 'boolean' } },
        },
      },
    }),
  );
  const board = (name: string): string[] => ['--config', twoModels, '--board', `${boards}/${name}`];

  test('two models are planned together, and each can be planned alone', async () => {
    const { code, stdout } = await scenecast('plan', ...board('orion-o6-acpi'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^models\.quick: .* on Radxa Orion O6$/m);
    expect(stdout).toMatch(/^answer time: .* \(projected\)/m);
    expect(stdout).toMatch(/^models\.thorough: .* on Radxa Orion O6$/m);
    expect(stdout).toMatch(/^description time: .* \(projected\)/m);
    const { quick, thorough } = JSON.parse(
      (await scenecast('plan', '--json', ...board('orion-o6-acpi'))).stdout,
    );
    const together = Number(/^together: (\d+) MiB$/m.exec(stdout)?.[1]);
    const bytes = quick.memory.total_bytes + thorough.memory.total_bytes;
    expect(together).toBe(Math.ceil(bytes / 1024 ** 2));
    expect(thorough.memory.budget_bytes).toBeLessThan(
      quick.memory.budget_bytes + thorough.memory.total_bytes,
    );
    const alone = await scenecast('plan', '--json', '--model', 'quick', ...board('orion-o6-acpi'));
    expect(JSON.parse(alone.stdout).plan).toEqual(quick.plan);
  });

  test('of two models that do not fit together, the one to drop is named', async () => {
    const { code, stderr } = await scenecast('plan', ...board('raspberry-pi-4'));
    expect(code).toBe(78);
    expect(stderr).toMatch(/models\.quick needs at least .* but together they may use only 3\.\d\d GiB/);
    expect(stderr).toMatch(/drop models\.thorough, and use models\.quick as model, which fits alone/);
  });

  test('commands that run one model ask which of two', async () => {
    const { code, stderr } = await scenecast('bench', '--config', twoModels);
    expect(code).toBe(78);
    expect(stderr).toMatch(/the config has two models: choose one with --model quick or --model thorough/);
  });

  test.each([
    [['--camera', '1280'], /must be a size such as 1280x720/],
    [['--memory', '2'], /must be an amount such as 512MiB or 2GiB/],
    [['--questions', '-1'], /must be a number from 0 to 999/],
    [['--image-tokens', '0'], /must be a whole number of at least 1/],
    [['--detail', 'most'], /must be one of changed, full, balanced, overview/],
  ])('%s is refused by name', async (args, message) => {
    const { code, stderr } = await scenecast('plan', ...args);
    expect(code).toBe(64);
    expect(stderr).toMatch(message);
  });
});

describe('scenecast tune', () => {
  test('measures and stores the best settings, and the plan uses them', async () => {
    const tuned = await scenecast('tune', '--json', '--allow-load');
    expect(tuned.stderr).toMatch(/^1 of at most \d+: 2? ?\d* threads/m);
    expect(tuned.code).toBe(0);
    const { best, best_seconds: bestSeconds, untuned_seconds: untunedSeconds } = JSON.parse(tuned.stdout);
    expect(bestSeconds).toBeLessThanOrEqual(untunedSeconds);
    const kept = JSON.parse(readFileSync(join(folder, 'state', 'tune.json'), 'utf8'));
    expect(Object.values<{ best: unknown }>(kept.models)[0]!.best).toEqual(best);
    const { plan, expected } = JSON.parse((await scenecast('plan', '--json')).stdout);
    expect(plan).toMatchObject({ threads: best.threads, flash_attention: best.flashAttention });
    expect(expected.basis).toBe('measured');
  });
});
