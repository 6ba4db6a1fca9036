import type { Collectable, CollectBounds } from '../domain/collected-picture.ts';

/** A difference of this root mean square, as a share of all levels, is as much variety as there can be. */
const fullVariety = 0.125;

/**
 * The pictures to drop so that the others are within the bounds: one by one, of the hour that has most, the one that adds
 * least, by how unsure its answers are and how it differs from all other pictures. Hours then differ by at most one picture,
 * as far as each had some. Labelled pictures are never dropped.
 * @param pictures oldest first
 * @returns ids; `fits`: the others are within the bounds
 */
export function droppedFrom(
  pictures: readonly Collectable[],
  { maxPictures, maxBytes }: CollectBounds,
): { readonly dropped: readonly string[]; readonly fits: boolean } {
  let left = pictures;
  const dropped: string[] = [];
  while (left.length > maxPictures || bytesOf(left) > maxBytes) {
    const least = leastWorth(left);
    if (!least) return { dropped, fits: false };
    left = left.filter((each) => each !== least);
    dropped.push(least.id);
  }
  return { dropped, fits: true };
}

/** null: all are labelled. */
function leastWorth(pictures: readonly Collectable[]): Collectable | null {
  const inHour = new Map<number, number>();
  for (const { hour } of pictures) inHour.set(hour, (inHour.get(hour) ?? 0) + 1);
  const droppable = pictures.filter(({ isLabelled }) => !isLabelled);
  const fullest = Math.max(...droppable.map(({ hour }) => inHour.get(hour)!));
  let least: { readonly picture: Collectable; readonly worth: number } | null = null;
  for (const picture of droppable) {
    if (inHour.get(picture.hour) !== fullest) continue;
    const worth = picture.uncertainty + varietyOf(picture, pictures);
    // Of equals the newest: what is on the disk stays there.
    if (!least || worth <= least.worth) least = { picture, worth };
  }
  return least?.picture ?? null;
}

/** How far the most similar other picture is, 0 to 1. */
function varietyOf(picture: Collectable, pictures: readonly Collectable[]): number {
  let nearest = 1;
  for (const other of pictures)
    if (other !== picture) nearest = Math.min(nearest, distance(picture.coarse, other.coarse));
  return nearest;
}

function distance(one: Uint8Array, other: Uint8Array): number {
  if (one.length !== other.length) return 1;
  let sum = 0;
  for (let index = 0; index < one.length; index++) sum += (one[index]! - other[index]!) ** 2;
  return Math.min(1, Math.sqrt(sum / one.length) / 255 / fullVariety);
}

function bytesOf(pictures: readonly Collectable[]): number {
  return pictures.reduce((sum, { bytes }) => sum + bytes, 0);
}
