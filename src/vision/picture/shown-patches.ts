// Which patches of a LLaVA-1.6 picture's map the language model is shown. The overview is always whole, and each row of the
// map keeps its newline, even one without a shown patch: by its newlines the model counts the rows.

import type { PictureArea } from '../../domain/picture-area.ts';
import { lengthOf, type Plan, placeInTile, type Span } from './anyres.ts';

/** 1 for each patch that is shown, row by row, of the map without its padding: rows x columns of `mapSize`. */
export type ShownPatches = Uint8Array;

/** Around an area, relative to the longer side of the picture: two blocks of the gate. */
export const areaMargin = 1 / 32;

/** Of the map without its padding, in patches. */
export function mapSize({ keptRows, keptColumns }: Plan): {
  readonly rows: number;
  readonly columns: number;
} {
  return { rows: lengthOf(keptRows), columns: lengthOf(keptColumns) };
}

/**
 * The patches that touch an area, or come nearer to it than the margin. An area in the edge of a picture that unpadding cuts
 * off shows the patches next to it.
 * @param margin on all sides, relative to the longer side of the picture
 */
export function patchesOf(plan: Plan, area: PictureArea, margin: number): ShownPatches {
  const { refined, paste, keptRows, keptColumns, patchesPerSide, tileSize } = plan;
  const { rows, columns } = mapSize(plan);
  const patchSide = tileSize / patchesPerSide;
  const marginPx = margin * Math.max(refined.width, refined.height);
  const shown = new Uint8Array(rows * columns);
  for (const { left, top, right, bottom } of area) {
    const across = patchesIn(paste.x + left * refined.width, paste.x + right * refined.width, keptColumns);
    const down = patchesIn(paste.y + top * refined.height, paste.y + bottom * refined.height, keptRows);
    for (let row = down.start; row < down.end; row++)
      shown.fill(1, row * columns + across.start, row * columns + across.end);
  }
  return shown;

  /** The kept patches, counted from the first kept one, in a stretch of the canvas in pixels. */
  function patchesIn(fromPx: number, toPx: number, kept: Span): Span {
    const first = Math.floor((fromPx - marginPx) / patchSide);
    const end = Math.ceil((toPx + marginPx) / patchSide);
    const start = Math.min(Math.max(first, kept.start), kept.end - 1);
    return { start: start - kept.start, end: Math.max(Math.min(end, kept.end), start + 1) - kept.start };
  }
}

/** Patches that are left out. */
export function countOmitted(shown: ShownPatches): number {
  return shown.length - shown.reduce((sum, mark) => sum + mark, 0);
}

/**
 * Patches that a limit of a picture's image tokens leaves for the map, after the overview and the newlines. Below 1 there is no
 * map: the overview is shown alone.
 */
export function patchBudget(plan: Plan, imageTokens: number): number {
  return imageTokens - fixedTokens(plan);
}

/** Of a picture that is shown as a map: the overview and the newlines. */
export function fixedTokens(plan: Plan): number {
  return plan.patchesPerSide ** 2 + mapSize(plan).rows;
}

/** By tile, in the plan's order: whether any of its patches is shown. The others need not be encoded. */
export function shownTiles(plan: Plan, shown: ShownPatches): boolean[] {
  const { keptRows, keptColumns } = plan;
  const { columns } = mapSize(plan);
  const tiles = plan.tiles.map(() => false);
  for (const [index, mark] of shown.entries()) {
    if (!mark) continue;
    const row = keptRows.start + Math.floor(index / columns);
    const column = keptColumns.start + (index % columns);
    tiles[placeInTile(plan, row, column).tile] = true;
  }
  return tiles;
}
