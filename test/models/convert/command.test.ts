import { readdirSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { convertCommand } from '../../../src/cli/convert.ts';
import { ConfigError } from '../../../src/domain/errors.ts';
import { newFolder } from './fixture.ts';
import { originalCheckpoint, writeCheckpoint } from './tiny-checkpoint.ts';

const checkpoint = writeCheckpoint(newFolder(), originalCheckpoint());
let stdout = '';
let stderr = '';

beforeEach(() => {
  stdout = '';
  stderr = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    stdout += chunk;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    stderr += chunk;
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

async function scenecast(...args: string[]): Promise<void> {
  const program = new Command('scenecast')
    .exitOverride()
    .addCommand(convertCommand(new AbortController().signal));
  await program.parseAsync(['convert', ...args], { from: 'user' });
}

test('--json prints one object about what was written', async () => {
  const out = newFolder();
  await scenecast(checkpoint, '--out', out, '--name', 'llava-1.6', '--quant-mmproj', 'F16', '--json');
  expect(JSON.parse(stdout)).toEqual({
    checkpoint,
    layout: 'original',
    files: [
      {
        kind: 'text',
        path: `${out}/llava-1.6-text-f16.gguf`,
        type: 'f16',
        size_bytes: expect.any(Number),
        tensors: 21,
      },
      {
        kind: 'mmproj',
        path: `${out}/llava-1.6-mmproj-f16.gguf`,
        type: 'f16',
        size_bytes: expect.any(Number),
        tensors: 58,
      },
    ],
    notes: [],
    seconds: expect.any(Number),
  });
  expect(stderr).toMatch(
    /^text 0 %\n(text \d+ %\n)*text 100 %\nmmproj 0 %\n(mmproj \d+ %\n)*mmproj 100 %\n$/,
  );
});

test('without it one line per file, named after the folder', async () => {
  const out = newFolder();
  await scenecast(checkpoint, '--out', out, '--outtype', 'bf16', '--quant', 'f16', '--quant-mmproj', 'f16');
  expect(stdout).toMatch(
    /-text-bf16\.gguf: bf16, 21 tensors, 0\.\d MB\n.*-mmproj-f16\.gguf: f16, 58 tensors/,
  );
  expect(readdirSync(out)).toHaveLength(2);
});

test.each([
  [['--quant', 'Q9'], /It must be one of F16, Q2_K, .*Q8_0/],
  [['--quant-mmproj', 'Q4_K_M'], /It must be F16, Q8_0 or Q4_0/],
  [['--outtype', 'f8'], /It must be one of f16, bf16, f32/],
  [['--name', '../x'], /It must be a file name of letters/],
])('%j is refused', async (flags, message) => {
  await expect(scenecast(checkpoint, '--out', newFolder(), ...flags)).rejects.toThrow(CommanderError);
  expect(stderr).toMatch(message);
});

test('the vision tower becomes Q8_0 unless another type is given', () => {
  const command = convertCommand(new AbortController().signal);
  expect(command.opts()).toMatchObject({ quant: 'F16', quantMmproj: 'Q8_0' });
});

test('a missing checkpoint is a config error', async () => {
  await expect(scenecast('/nowhere', '--out', newFolder())).rejects.toThrow(
    new ConfigError('/nowhere/config.json: is missing; download the checkpoint again'),
  );
});
