// Which patches of a LLaVA-1.6 picture's map are worth a budget, by what CLIP's class token attends to. After HiRED
// (arXiv:2408.10945): the overview's attention shares the budget among the tiles, each tile's own attention spends it.

import { type CutPicture, lengthOf, type Plan, placeInTile } from './anyres.ts';
import { mapSize, type ShownPatches } from './shown-patches.ts';

/** How much a chosen patch takes from its neighbours: 0, 0.5, 0.75 and 1 were no better with the demo model. */
const usualSpread = 0.25;
/** A tile that gets less than this part of its patches is not worth encoding: it gets none. */
const minPart = 1 / 24;

/**
 * Chooses the patches of a picture's map that are worth most.
 * @param budget patches; fewer than there are candidates
 * @param attend encodes a square: the class token's attention to each of its patches. A tile that gets none is not asked for.
 * @param candidates what may be chosen; default: all
 */
export async function chooseAttended(
  { plan, overview, tiles }: CutPicture,
  budget: number,
  attend: (rgb: Uint8Array) => Promise<Float32Array>,
  candidates?: ShownPatches,
): Promise<ShownPatches> {
  const shares = shareBudget(plan, await attend(overview), budget, candidates);
  const attentions: (Float32Array | null)[] = [];
  for (const [index, tile] of tiles.entries()) attentions.push(shares[index] ? await attend(tile) : null);
  return mostAttended(plan, shares, attentions, usualSpread, candidates);
}

/**
 * Shares a budget among the tiles in proportion to the overview's attention to each one's part of the picture, known before
 * a tile is encoded.
 * @param attention the class token's to each patch of the overview
 * @param budget patches
 * @param candidates what may be chosen; default: all
 * @returns patches by tile, in the plan's order: together the budget, or all there are
 */
export function shareBudget(
  plan: Plan,
  attention: Float32Array,
  budget: number,
  candidates?: ShownPatches,
): number[] {
  const counts = plan.tiles.map(() => 0);
  const weights = plan.tiles.map(() => 0);
  for (const { tile, seen } of patchesOfMap(plan, candidates)) {
    counts[tile]!++;
    weights[tile]! += Math.max(attention[seen]!, Number.EPSILON);
  }
  const wanted = Math.min(
    budget,
    counts.reduce((all, count) => all + count, 0),
  );
  let open = counts.flatMap((count, tile) => (count > 0 ? [tile] : []));
  for (;;) {
    const shares = divide(wanted, open, counts, weights);
    const poorest = open.toSorted((a, b) => shares[a]! - shares[b]!)[0];
    if (poorest === undefined || shares[poorest]! >= counts[poorest]! * minPart) return shares;
    const others = open.filter((tile) => tile !== poorest);
    // What is left must have room for all that is wanted.
    if (others.reduce((room, tile) => room + counts[tile]!, 0) < wanted || others.length === 0) return shares;
    open = others;
  }
}

/** Whole shares in proportion to the weights, none above its count. */
function divide(
  wanted: number,
  open: readonly number[],
  counts: readonly number[],
  weights: readonly number[],
): number[] {
  const shares = counts.map(() => 0);
  let left = wanted;
  let growing = open;
  // Who reaches its count is full, and the others share what is left.
  for (;;) {
    const total = growing.reduce((all, tile) => all + weights[tile]!, 0);
    const full = growing.filter((tile) => (left * weights[tile]!) / total >= counts[tile]!);
    if (full.length === 0) {
      const exact = growing.map((tile) => ({ tile, share: (left * weights[tile]!) / total }));
      for (const { tile, share } of exact) shares[tile] = Math.floor(share);
      const rest = left - exact.reduce((all, { share }) => all + Math.floor(share), 0);
      const byRemainder = exact.toSorted((a, b) => (b.share % 1) - (a.share % 1));
      for (const { tile } of byRemainder.slice(0, rest)) shares[tile]!++;
      return shares;
    }
    for (const tile of full) {
      shares[tile] = counts[tile]!;
      left -= counts[tile]!;
    }
    growing = growing.filter((tile) => !full.includes(tile));
    if (growing.length === 0) return shares;
  }
}

/**
 * The patches that each tile's class token attends to most.
 * @param shares by tile, from `shareBudget`
 * @param attentions by tile, the class token's to each patch; null for a tile whose share is 0
 * @param spread how much a chosen patch takes from its eight neighbours: 0 nothing, 1 all
 * @param candidates as for the shares
 */
export function mostAttended(
  plan: Plan,
  shares: readonly number[],
  attentions: readonly (Float32Array | null)[],
  spread: number,
  candidates?: ShownPatches,
): ShownPatches {
  const { rows, columns } = mapSize(plan);
  const shown = new Uint8Array(rows * columns);
  const patches = patchesOfMap(plan, candidates);
  for (const [tile, share] of shares.entries()) {
    const own = patches.filter((patch) => patch.tile === tile);
    const worth = new Map(own.map(({ at, inTile }) => [at, attentions[tile]?.[inTile] ?? 0]));
    for (let taken = 0; taken < share; taken++) {
      let best = -1;
      for (const [at, value] of worth) if (best < 0 || value > worth.get(best)!) best = at;
      shown[best] = 1;
      worth.delete(best);
      for (const at of neighboursOf(best, columns)) {
        const value = worth.get(at);
        if (value !== undefined) worth.set(at, value * (1 - spread));
      }
    }
  }
  return shown;
}

/** In the map, by index; those beyond a side of it belong to no tile or to another row's end, which is far enough. */
function neighboursOf(at: number, columns: number): number[] {
  const column = at % columns;
  const sides = [column > 0 ? -1 : 0, 0, column < columns - 1 ? 1 : 0];
  return [...new Set(sides)].flatMap((side) => [-columns, 0, columns].map((row) => at + row + side));
}

interface MapPatch {
  /** Index in the map. */
  readonly at: number;
  readonly tile: number;
  /** Index in its tile. */
  readonly inTile: number;
  /** Index of the overview's patch that shows its centre. */
  readonly seen: number;
}

/** The candidates of the map without its padding, row by row. */
function patchesOfMap(plan: Plan, candidates?: ShownPatches): MapPatch[] {
  const { patchesPerSide, keptRows, keptColumns, tileSize, refined, paste } = plan;
  const patchSide = tileSize / patchesPerSide;
  const columns = lengthOf(keptColumns);
  const places = Array.from({ length: lengthOf(keptRows) * columns }, (_, at) => at);
  return places
    .filter((at) => !candidates || candidates[at])
    .map((at) => {
      const row = keptRows.start + Math.floor(at / columns);
      const column = keptColumns.start + (at % columns);
      const { tile, index: inTile } = placeInTile(plan, row, column);
      const down = overviewPatch((row + 0.5) * patchSide - paste.y, refined.height);
      const across = overviewPatch((column + 0.5) * patchSide - paste.x, refined.width);
      return { at, tile, inTile, seen: down * patchesPerSide + across };
    });

  function overviewPatch(px: number, side: number): number {
    const patch = Math.floor((px / side) * patchesPerSide);
    return Math.min(Math.max(patch, 0), patchesPerSide - 1);
  }
}
