import { expectLength, lengthOf, type Plan, placeInTile } from './anyres.ts';
import { countOmitted, type ShownPatches } from './shown-patches.ts';

/**
 * Puts the embeddings in the order of the training: the overview, then the map of all tiles row by row without
 * padding, each row ended by the newline.
 * @param overview patchesPerSide^2 x width floats
 * @param tiles per tile, in the plan's order, patchesPerSide^2 x width floats; null for a tile of which nothing is shown
 * @param newline width floats
 * @param shown the patches of the map that are not left out; default: all
 * @returns (tokenCount - patches left out) x width floats
 */
export function assemble(
  plan: Plan,
  overview: Float32Array,
  tiles: readonly (Float32Array | null)[],
  newline: Float32Array,
  shown?: ShownPatches,
): Float32Array {
  const { patchesPerSide, keptRows, keptColumns } = plan;
  const width = newline.length;
  const mapLength = lengthOf(keptRows) * lengthOf(keptColumns);
  expectLength('the overview', overview.length, patchesPerSide ** 2 * width);
  expectLength('the list of tiles', tiles.length, plan.tiles.length);
  for (const tile of tiles) if (tile) expectLength('a tile', tile.length, patchesPerSide ** 2 * width);
  if (shown) expectLength('the list of shown patches', shown.length, mapLength);

  const omitted = shown ? countOmitted(shown) : 0;
  const result = new Float32Array((plan.tokenCount - omitted) * width);
  let written = 0;
  const append = (values: Float32Array): void => {
    result.set(values, written);
    written += values.length;
  };
  append(overview);
  let patch = 0;
  for (let row = keptRows.start; row < keptRows.end; row++) {
    for (let column = keptColumns.start; column < keptColumns.end; column++) {
      if (shown && !shown[patch++]) continue;
      const place = placeInTile(plan, row, column);
      const tile = tiles[place.tile];
      if (!tile)
        throw new RangeError(`the tile of the shown patch in row ${row}, column ${column} is missing`);
      append(tile.subarray(place.index * width, (place.index + 1) * width));
    }
    append(newline);
  }
  return result;
}

/**
 * Puts the embeddings in the order of mm_patch_merge_type flat: the overview, then one tile after the other, with
 * their padding and without newlines.
 * @param squares per square, the overview first, patchesPerSide^2 x width floats
 */
export function assembleFlat(squares: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(squares.reduce((sum, { length }) => sum + length, 0));
  let written = 0;
  for (const square of squares) {
    result.set(square, written);
    written += square.length;
  }
  return result;
}
