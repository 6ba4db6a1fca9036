/** Corners in relative coordinates: [0, 0] is the picture's top left corner, [1, 1] its bottom right. */
export type Polygon = readonly (readonly [x: number, y: number])[];

/**
 * The spans [from, to] of x inside a polygon on one row of a picture, all relative (0 to 1), by the non-zero winding
 * rule of scan-line filling (Foley et al., Computer Graphics: Principles and Practice, 2nd edition, 3.6): a polygon may
 * be concave, and one that crosses itself has no hole where it overlaps.
 */
export function spansAt(polygon: Polygon, y: number): [from: number, to: number][] {
  const crossings: { x: number; turn: 1 | -1 }[] = [];
  for (const [index, [x1, y1]] of polygon.entries()) {
    const [x2, y2] = polygon[(index + 1) % polygon.length]!;
    // Half-open, so that a corner on the row is counted once.
    if (y1 <= y !== y2 <= y)
      crossings.push({ x: x1 + ((y - y1) / (y2 - y1)) * (x2 - x1), turn: y1 < y2 ? 1 : -1 });
  }
  crossings.sort((a, b) => a.x - b.x);
  const spans: [number, number][] = [];
  let winding = 0;
  let from = 0;
  for (const { x, turn } of crossings) {
    if (winding === 0) from = x;
    winding += turn;
    if (winding === 0) spans.push([from, x]);
  }
  return spans;
}
