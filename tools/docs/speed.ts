/**
 * Prints the README's table of projected description times: `scenecast plan` on recorded boards, with
 * LLaVA 1.6 Vicuna 7B in Q5_K whose weights are all zero, so that nothing is downloaded.
 *
 *   npm run docs:speed
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { markdownTable } from '../../src/cli/markdown-table.ts';
import { vicuna7b, writeHollowModel } from '../test/hollow-model.ts';

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
const details = ['full', 'overview'] as const;

function planFor(board: string, model: string, detail: string): Plan {
  const fixture = join(root, 'test/board/fixtures', board);
  const args = ['plan', '--json', '--board', fixture, '--model', model, '--camera', '1280x720'];
  const output = execFileSync(process.execPath, [join(root, 'src/main.ts'), ...args, '--detail', detail]);
  return JSON.parse(output.toString()) as Plan;
}

function cell({ memory, expected }: Plan): string {
  return `${Math.round(expected.total_seconds)} s, ${(memory.total_bytes / 1e9).toFixed(1)} GB`;
}

const model = mkdtempSync(join(tmpdir(), 'scenecast-docs-speed-'));
try {
  writeHollowModel(model, vicuna7b);
  const rows = Object.entries(boards).map(([board, words]) => [
    ...words,
    ...details.map((detail) => cell(planFor(board, model, detail))),
  ]);
  const head = ['board', 'big cores', ...details.map((detail) => `\`detail: ${detail}\`, projected`)];
  console.log(markdownTable(head, rows));
} finally {
  rmSync(model, { recursive: true });
}
