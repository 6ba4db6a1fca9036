/**
 * Prints the README's table of projected description times, and the totals of docs/tuning.md: `scenecast plan` on
 * recorded boards, with models whose weights are all zero, so that nothing is downloaded.
 *
 *   npm run docs:speed
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { markdownTable } from '../../src/cli/markdown-table.ts';
import { type HollowShape, smolVlm500m, vicuna7b, writeHollowModel } from '../test/hollow-model.ts';

/** The part of `scenecast plan --json` used here. */
interface Plan {
  readonly memory: { readonly total_bytes: number };
  readonly expected: { readonly total_seconds: number };
}

const root = join(import.meta.dirname, '../..');
const boards = {
  'orion-o6-acpi': ['Radxa Orion O6', '8 x Cortex-A720'],
  'rock-5b': ['Radxa Rock 5B (RK3588)', '4 x Cortex-A76'],
  'raspberry-pi-5': ['Raspberry Pi 5', '4 x Cortex-A76'],
} as const;
const q8Tower = { type: 'Q8_0' } as const;
/** The columns: a model's shape, and a detail. */
const columns: Readonly<Record<string, readonly [shape: HollowShape, detail: string]>> = {
  '7B, full': [vicuna7b, 'full'],
  '7B, overview': [vicuna7b, 'overview'],
  '7B, full, Q8_0 tower': [{ ...vicuna7b, vision: { ...vicuna7b.vision, ...q8Tower } }, 'full'],
  'SmolVLM2 500M': [smolVlm500m, 'full'],
};

function planFor(board: string, model: string, detail: string): Plan {
  const fixture = join(root, 'test/board/fixtures', board);
  const args = ['plan', '--json', '--board', fixture, '--model', model, '--camera', '1280x720'];
  const output = execFileSync(process.execPath, [join(root, 'src/main.ts'), ...args, '--detail', detail]);
  return JSON.parse(output.toString()) as Plan;
}

function cell({ memory, expected }: Plan): string {
  return `${Math.round(expected.total_seconds)} s, ${(memory.total_bytes / 1e9).toFixed(1)} GB`;
}

const folder = mkdtempSync(join(tmpdir(), 'scenecast-docs-speed-'));
try {
  const models = Object.entries(columns).map(([name, [shape, detail]]) => {
    const model = join(folder, name);
    mkdirSync(model);
    writeHollowModel(model, shape);
    return { model, detail };
  });
  const rows = Object.entries(boards).map(([board, words]) => [
    ...words,
    ...models.map(({ model, detail }) => cell(planFor(board, model, detail))),
  ]);
  console.log(markdownTable(['board', 'big cores', ...Object.keys(columns)], rows));
} finally {
  rmSync(folder, { recursive: true });
}
