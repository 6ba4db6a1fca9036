import { eastAsianWidth } from 'get-east-asian-width';

/** The columns of a terminal that a printable text takes: 2 for Chinese characters and emoji, 0 for accents. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += characterColumns(character);
  return columns;
}

/** Cuts a text to a number of columns; one that is cut ends in `…`. */
export function fitted(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  return columns < 1 ? '' : `${startOf(text, columns - 1)}…`;
}

/** Breaks a text at spaces, and words that are too long anywhere. The last of `maxLines` is cut. */
export function wrapped(text: string, columns: number, maxLines = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = [];
  let rest = text;
  while (columnsOf(rest) > columns && lines.length < maxLines - 1) {
    const start = startOf(rest, Math.max(2, columns));
    const space = rest[start.length] === ' ' ? start.length : start.lastIndexOf(' ');
    const end = space > 0 ? space : start.length;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return rest === '' ? lines : [...lines, fitted(rest, columns)];
}

/** As much of a text as fits. */
function startOf(text: string, columns: number): string {
  let used = 0;
  let end = 0;
  for (const character of text) {
    used += characterColumns(character);
    if (used > columns) break;
    end += character.length;
  }
  return text.slice(0, end);
}

function characterColumns(character: string): number {
  return /[\p{Mn}\p{Me}]/u.test(character) ? 0 : eastAsianWidth(character.codePointAt(0)!);
}
