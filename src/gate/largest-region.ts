/**
 * The size of the largest connected region of marked blocks (diagonal neighbours connect), in blocks. Clears the marks.
 * Plain flood fill; for why regions and not single pixels, see the size filter in Radke et al. 2005, section VII.
 */
export function largestRegion(marks: Uint8Array, columns: number): number {
  const rows = marks.length / columns;
  const open: number[] = [];
  let largest = 0;
  for (let start = 0; start < marks.length; start++) {
    if (!marks[start]) continue;
    marks[start] = 0;
    open.push(start);
    let blocks = 0;
    for (let block = open.pop(); block !== undefined; block = open.pop()) {
      blocks++;
      const column = block % columns;
      const row = (block - column) / columns;
      for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
        for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++) {
          const neighbour = y * columns + x;
          if (!marks[neighbour]) continue;
          marks[neighbour] = 0;
          open.push(neighbour);
        }
      }
    }
    largest = Math.max(largest, blocks);
  }
  return largest;
}
