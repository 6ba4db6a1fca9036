import type { BlockMeans } from './block-means.ts';

const side = 8;

/** A picture as 8x8 levels of brightness, row by row: enough to tell pictures of one camera apart. */
export function coarsePicture({ columns, rows, luma }: BlockMeans): Uint8Array {
  return Uint8Array.from({ length: side * side }, (_, index) => {
    const [fromX, toX] = span(index % side, columns);
    const [fromY, toY] = span(Math.floor(index / side), rows);
    let sum = 0;
    for (let y = fromY; y < toY; y++) for (let x = fromX; x < toX; x++) sum += luma[y * columns + x]!;
    return Math.round(sum / ((toX - fromX) * (toY - fromY)));
  });
}

/** The blocks of one of eight parts; at least one. */
function span(part: number, blocks: number): [from: number, to: number] {
  const from = Math.floor((part * blocks) / side);
  return [from, Math.max(from + 1, Math.floor(((part + 1) * blocks) / side))];
}
