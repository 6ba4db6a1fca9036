/** Corners in relative coordinates: [0, 0] is the picture's top left corner, [1, 1] its bottom right. */
export type Polygon = readonly (readonly [x: number, y: number])[];

/**
 * Where a polygon lies on one row of a picture: the stretches [from, to] of x inside it, all relative (0 to 1).
 * Inside is what the even-odd rule of scan-line filling says (Foley et al., Computer Graphics: Principles and
 * Practice, 2nd edition, 3.6), so that a polygon may be concave, and may cross itself.
 */
export function spansAt(polygon: Polygon, y: number): [from: number, to: number][] {
  const crossings: number[] = [];
  for (const [index, [x1, y1]] of polygon.entries()) {
    const [x2, y2] = polygon[(index + 1) % polygon.length]!;
    // Half-open, so that a corner on the row is counted once.
    if (y1 <= y !== y2 <= y) crossings.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1));
  }
  crossings.sort((a, b) => a - b);
  return Array.from({ length: crossings.length >> 1 }, (_, pair) => [
    crossings[2 * pair]!,
    crossings[2 * pair + 1]!,
  ]);
}
