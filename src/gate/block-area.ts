import type { PictureArea, PictureRectangle } from '../domain/picture-area.ts';

/** The marked blocks of a grid over a picture, as one rectangle for each run of them in a row. */
export function blockArea(marks: Uint8Array, columns: number): PictureArea {
  const rows = marks.length / columns;
  const area: PictureRectangle[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (!marks[row * columns + column]) continue;
      const first = column;
      while (column < columns && marks[row * columns + column]) column++;
      area.push({
        left: first / columns,
        top: row / rows,
        right: column / columns,
        bottom: (row + 1) / rows,
      });
    }
  }
  return area;
}
