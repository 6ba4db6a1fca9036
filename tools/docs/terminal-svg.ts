/** A picture to the right of the output, four and a half lines high. */
export interface SidePicture {
  /** The line of the output at its top, from 0. */
  readonly line: number;
  readonly jpeg: Buffer;
  readonly alt: string;
}

interface Cell {
  readonly character: string;
  /** A class of the style sheet below; '' for plain text. */
  readonly style: string;
}

const columns = 82;
const columnWidth = 8.4;
const lineHeight = 20;
const padding = 20;
const titleHeight = 34;
/** Of a side picture, in pixels; pictures are 4 to 3. */
const picture = { width: 120, height: 90 } as const;

/** The escape sequences of `util.styleText` that are drawn; all others end a style. */
const styles: Readonly<Record<string, string>> = { 1: 'bold', 2: 'dim', 31: 'red', 32: 'green' };

const styleSheet = `
.window { fill: #ffffff; stroke: #d0d7de }
.title { fill: #f6f8fa }
.knob { fill: #d0d7de }
text { fill: #1f2328; font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; white-space: pre }
.dim { fill: #59636e }
.green { fill: #1a7f37 }
.red { fill: #cf222e }
.bold { font-weight: bold }
@media (prefers-color-scheme: dark) {
.window { fill: #0d1117; stroke: #3d444d }
.title { fill: #151b23 }
.knob { fill: #3d444d }
text { fill: #e6edf3 }
.dim { fill: #9198a1 }
.green { fill: #3fb950 }
.red { fill: #f85149 }
}`;

/**
 * Draws a terminal as a self-contained SVG: no fonts, no requests. Lines longer than the terminal's width are wrapped at
 * a word and continue below the line's second column.
 */
export function terminalSvg(
  command: string,
  output: string,
  pictures: readonly SidePicture[],
  label: string,
): string {
  const rows: Cell[][] = [[{ character: '$ ', style: 'dim' }, ...cellsOf(command)]];
  /** The row that each line of the output starts in. */
  const startRows: number[] = [];
  for (const line of output.replace(/\n$/, '').split('\n')) {
    startRows.push(rows.length);
    rows.push(...wrap(cellsOf(line)));
  }
  const textWidth = columns * columnWidth;
  const width = padding + textWidth + padding + picture.width + padding;
  const height = titleHeight + padding + rows.length * lineHeight + padding;
  const topOf = (row: number): number => titleHeight + padding + row * lineHeight;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(width)} ${height}" role="img">`,
    `<title>${escapeMarkup(label)}</title>`,
    `<style>${styleSheet}\n</style>`,
    `<rect class="window" x=".5" y=".5" width="${Math.ceil(width) - 1}" height="${height - 1}" rx="8"/>`,
    `<path class="title" d="M1 ${titleHeight}V9a8 8 0 0 1 8-8H${Math.ceil(width) - 9}a8 8 0 0 1 8 8V${titleHeight}z"/>`,
    ...[20, 40, 60].map((x) => `<circle class="knob" cx="${x}" cy="${titleHeight / 2}" r="6"/>`),
    ...rows.flatMap((row, index) => (row.length === 0 ? [] : [textOf(row, topOf(index) + 14)])),
    ...pictures.map(
      ({ line, jpeg, alt }) =>
        `<image x="${padding + textWidth + padding}" y="${topOf(startRows[line]!)}" width="${picture.width}" ` +
        `height="${picture.height}" href="data:image/jpeg;base64,${jpeg.toString('base64')}"><title>${escapeMarkup(alt)}</title></image>`,
    ),
    '</svg>',
  ].join('\n')}\n`;
}

function cellsOf(line: string): Cell[] {
  const cells: Cell[] = [];
  let style = '';
  // Odd parts are the codes of escape sequences.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it matches the escape character on purpose.
  for (const [index, part] of line.split(/\x1b\[(\d+)m/).entries())
    if (index % 2 === 1) style = styles[part] ?? '';
    else cells.push(...Array.from(part, (character) => ({ character, style })));
  return cells;
}

function wrap(cells: readonly Cell[]): Cell[][] {
  const text = cells.map(({ character }) => character).join('');
  if (text.length <= columns) return [[...cells]];
  const indent = /^\s*(\S+\s{2,})?/.exec(text)![0].length;
  const space = text.lastIndexOf(' ', columns);
  const end = space > indent ? space : columns;
  const rest = cells.slice(text[end] === ' ' ? end + 1 : end);
  const hanging = Array.from({ length: indent }, () => ({ character: ' ', style: '' }));
  return [cells.slice(0, end), ...wrap([...hanging, ...rest])];
}

function textOf(cells: readonly Cell[], y: number): string {
  const runs: { style: string; text: string }[] = [];
  for (const { character, style } of cells) {
    const last = runs.at(-1);
    if (last?.style === style) last.text += character;
    else runs.push({ style, text: character });
  }
  const spans = runs.map(({ style, text }) =>
    style ? `<tspan class="${style}">${escapeMarkup(text)}</tspan>` : escapeMarkup(text),
  );
  return `<text x="${padding}" y="${y}" xml:space="preserve">${spans.join('')}</text>`;
}

function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
