import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { markdownTable } from '../../src/cli/markdown-table.ts';
import { type HollowTower, writeHollowTowers } from '../bench/tower/hollow-towers.ts';
import { towerTypes } from '../bench/tower/tower-types.ts';
import { clipLarge } from '../test/hollow-model.ts';
import { attribute, baseAddress, type Counts, readBlocks } from './block-counts.ts';
import { runEmulated } from './emulator.ts';
import { readCode } from './module-code.ts';

/** The modules that a kind of processor can choose from. */
export interface TowerContest {
  /** A QEMU processor. */
  readonly cpu: string;
  readonly ours: string;
  /** The first one is the one that ggml finds best. */
  readonly prebuilt: readonly string[];
}

/** With one block and with two: their difference is a block. */
const blockCounts = [1, 2] as const;
/** Smaller squares are counted, of 145 tokens instead of 577. */
const imageSize = 168;
const tokenRatio = 577 / 145;
/** In towers of one or two blocks the first and last blocks would be all. */
const types = towerTypes.filter(({ name }) => name !== 'Q4_0, ends Q8_0');
/** Of the prompt, which is not what is counted. */
const tokens = 8;

/**
 * Prints the instructions that a square of ViT-L/336 takes, by the type of the tower and by module, and their share of what
 * an F16 tower takes in the prebuilt module. They are projected from towers of ViT-L's widths with one block and with two,
 * for squares of 168 pixels: attention grows with the square of the tokens, all else with their number.
 * @param plugin count-blocks.so
 * @param folder for models and counts
 */
export async function printTowers(
  contests: readonly TowerContest[],
  plugin: string,
  folder: string,
): Promise<void> {
  const towers = blockCounts.map((blocks) =>
    writeHollowTowers(join(folder, `towers-${blocks}`), types, { ...clipLarge, blocks, imageSize }),
  );
  for (const { cpu, ours, prebuilt } of contests) {
    const rows: string[][] = [];
    let base: number | null = null;
    for (const module of [prebuilt[0]!, ours]) {
      for (const [index, { name }] of types.entries()) {
        process.stderr.write(`${cpu}: ${basename(module)}, ${name}\n`);
        const counts: Counts[] = [];
        for (const tower of towers.map((each) => each[index]!))
          counts.push(await countSquare({ cpu, module, tower, plugin, folder }));
        const { matrices, attention, rest } = squareOf(counts);
        const all = matrices + attention + rest;
        base ??= all;
        rows.push([
          basename(module, '.so').replace('libggml-cpu-', ''),
          name,
          ...[matrices, attention, rest, all].map((each) => (each / 1e9).toFixed(2)),
          (all / base).toFixed(2),
        ]);
      }
    }
    const head = ['module', 'tower', 'matrices', 'attention', 'rest', 'all', 'of the prebuilt F16'];
    console.log(
      `\na square of ViT-L/336 on ${cpu}: billions of instructions\n\n${markdownTable(head, rows, 2)}`,
    );
  }
}

const attentionOf = ({ attentionProduct, attentionRest }: Counts): number => attentionProduct + attentionRest;

/** A square of ViT-L/336, from the counts for a tower of one block and of two. */
export function squareOf([one, two]: readonly Counts[]): {
  readonly matrices: number;
  readonly attention: number;
  readonly rest: number;
} {
  const ofAllBlocks = (pick: (counts: Counts) => number): number =>
    pick(one!) + (clipLarge.blocks - 1) * (pick(two!) - pick(one!));
  return {
    matrices: ofAllBlocks(({ matrices }) => matrices) * tokenRatio,
    attention: ofAllBlocks(attentionOf) * tokenRatio ** 2,
    rest: ofAllBlocks((counts) => counts.all - counts.matrices - attentionOf(counts)) * tokenRatio,
  };
}

async function countSquare({
  cpu,
  module,
  tower,
  plugin,
  folder,
}: {
  readonly cpu: string;
  readonly module: string;
  readonly tower: HollowTower;
  readonly plugin: string;
  readonly folder: string;
}): Promise<Counts> {
  const prefix = join(folder, 'counts');
  const args = [prefix, module, tower.textPath, tower.mmprojPath, String(tokens), 'encode'];
  for await (const line of runEmulated(cpu, 'prefill', args, `${plugin},out=${prefix}`)) {
    const result = JSON.parse(line);
    if (result.module !== module) throw new Error(`${result.module} was used instead of ${module}`);
  }
  const base = baseAddress(readFileSync(`${prefix}.maps`, 'utf8'), module);
  return attribute(readBlocks(`${prefix}.2`), base, readCode(module));
}
