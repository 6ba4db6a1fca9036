import type { TensorType } from '../../../src/models/convert/gguf-writer.ts';

/** How a vision tower's matrices are stored. */
export interface TowerType {
  readonly name: string;
  /** The type of a matrix, such as `v.blk.0.ffn_up.weight`, in a tower of this many blocks. */
  typeOf(matrix: string, blocks: number): TensorType;
}

const pure = (type: TensorType): TowerType => ({ name: type, typeOf: () => type });

/** Blocks' and projector's matrices; the patch and position embeddings stay F16 in all. */
export const towerTypes: readonly TowerType[] = [
  pure('F16'),
  pure('BF16'),
  pure('Q8_0'),
  {
    name: 'Q8_0, FFN Q4_0',
    typeOf: (matrix) => (matrix.includes('.ffn_') ? 'Q4_0' : 'Q8_0'),
  },
  {
    name: 'Q4_0, ends Q8_0',
    typeOf: (matrix, blocks) => {
      const block = /^v\.blk\.(\d+)\./.exec(matrix)?.[1];
      return block === undefined || block === '0' || block === `${blocks - 1}` ? 'Q8_0' : 'Q4_0';
    },
  },
  pure('Q4_0'),
];
