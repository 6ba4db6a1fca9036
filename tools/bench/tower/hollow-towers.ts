import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { clipLarge, type HollowShape, writeHollowModel } from '../../test/hollow-model.ts';
import type { TowerType } from './tower-types.ts';

const text = {
  width: 1024,
  blocks: 1,
  heads: 16,
  feedForward: 1024,
  contextLength: 512,
  type: 'Q8_0',
} as const;

/** A tower with zero weights in this type, which computes as long as a real one; takes no disk space. */
export interface HollowTower {
  readonly type: TowerType;
  readonly textPath: string;
  readonly mmprojPath: string;
}

/** Writes a tower of each type; ViT-L/336 by default. */
export function writeHollowTowers(
  folder: string,
  types: readonly TowerType[],
  shape: Omit<HollowShape['vision'], 'type'> = clipLarge,
): HollowTower[] {
  return types.map((type, index) => {
    const own = join(folder, String(index));
    mkdirSync(own, { recursive: true });
    const vision = { ...shape, type: (matrix: string) => type.typeOf(matrix, shape.blocks) };
    return { type, ...writeHollowModel(own, { text, vision, packing: '1.5' }) };
  });
}
