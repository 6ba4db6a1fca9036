import { readFileSync } from 'node:fs';
import type { CodeFunction, Kind } from './module-code.ts';

/** A block of instructions and how often it ran, as written by count-blocks.so. */
export interface Block {
  readonly address: number;
  readonly instructions: number;
  readonly times: number;
}

/** Instructions that were run, by purpose. */
export interface Counts {
  /** Everything in the process. */
  readonly all: number;
  /** In the CPU module. */
  readonly module: number;
  /** Flash attention's matrix products: its blocks that multiply and add. */
  readonly attentionProduct: number;
  /** The rest of flash attention: packing, mask and softmax if inlined. */
  readonly attentionRest: number;
  /** The other matrix products, and the quantisation of their inputs. */
  readonly matrices: number;
  /** Multiply-add instructions of the attention product by kind. */
  readonly attentionKinds: Readonly<Partial<Record<Kind, number>>>;
  /** The functions of the module with the most instructions run. */
  readonly functions: readonly { readonly name: string; readonly instructions: number }[];
}

const attention = /flash_attn|simd_gemm/;
const matrices = /ggml_gem[mv]_|mul_mat|vec_dot|quantize_(mat|row)|tinyBLAS|sgemm|repack/;

/** The lowest address at which `path` is mapped in a /proc/self/maps. @throws Error if it is not mapped */
export function baseAddress(maps: string, path: string): number {
  const line = maps.split('\n').find((each) => each.endsWith(path));
  if (!line) throw new Error(`${path} is not mapped`);
  return Number.parseInt(line, 16);
}

export function readBlocks(path: string): Block[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [address, instructions, times] = line.split(' ');
      return {
        address: Number.parseInt(address!, 16),
        instructions: Number(instructions),
        times: Number(times),
      };
    });
}

/** Counts the instructions of `blocks` by purpose, given the code of the module mapped at `base`. */
export function attribute(blocks: readonly Block[], base: number, code: readonly CodeFunction[]): Counts {
  const places = new Map<number, { readonly owner: CodeFunction; readonly kind: Kind | null }>();
  for (const owner of code) {
    for (const { address, kind } of owner.instructions) places.set(base + address, { owner, kind });
  }
  const sums = { all: 0, module: 0, attentionProduct: 0, attentionRest: 0, matrices: 0 };
  const attentionKinds: Partial<Record<Kind, number>> = {};
  const byFunction = new Map<string, number>();
  for (const { address, instructions, times } of blocks) {
    const run = instructions * times;
    sums.all += run;
    const owner = places.get(address)?.owner;
    if (!owner) continue;
    sums.module += run;
    byFunction.set(owner.name, (byFunction.get(owner.name) ?? 0) + run);
    if (matrices.test(owner.name)) sums.matrices += run;
    if (!attention.test(owner.name)) continue;
    const kinds = Array.from({ length: instructions }, (_, index) => places.get(address + index * 4)?.kind);
    const products = kinds.filter((kind) => kind != null);
    if (products.length > 0) sums.attentionProduct += run;
    else sums.attentionRest += run;
    for (const kind of products) attentionKinds[kind] = (attentionKinds[kind] ?? 0) + times;
  }
  const functions = [...byFunction]
    .map(([name, instructions]) => ({ name, instructions }))
    .sort((a, b) => b.instructions - a.instructions);
  return { ...sums, attentionKinds, functions };
}
