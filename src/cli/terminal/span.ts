import { styleText } from 'node:util';
import { columnsOf, fitted, wrapped } from './text-columns.ts';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** A piece of a line, with its look. */
export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
  /** It is not broken at its spaces. */
  readonly isWhole?: boolean;
}

export const span = (text: string, style?: Style): Span => ({ text, style });

/** The spans with the escape sequences of their styles, where the output is a terminal and `NO_COLOR` is unset. */
export function styled(spans: readonly Span[], stream: NodeJS.WritableStream = process.stdout): string {
  return spans.map(({ text, style }) => (style ? styleText(style, text, { stream }) : text)).join('');
}

/** Cuts a line to a number of columns. */
export function fittedSpans(spans: readonly Span[], columns: number): Span[] {
  const line: Span[] = [];
  let left = columns;
  for (const each of spans) {
    const text = fitted(each.text, left);
    if (text !== '') line.push({ ...each, text });
    left -= columnsOf(text);
    if (text !== each.text) break;
  }
  return line;
}

/** Breaks a text at spaces into lines; a space stands between two spans. */
export function wrappedSpans(spans: readonly Span[], columns: number): Span[][] {
  let line: Span[] = [];
  let used = 0;
  const lines = [line];
  for (const { text, style, isWhole } of spans)
    for (const word of (isWhole ? [text] : text.split(' ')).flatMap((each) => wrapped(each, columns))) {
      if (used > 0 && used + 1 + columnsOf(word) > columns) {
        line = [];
        lines.push(line);
        used = 0;
      }
      const piece = used > 0 ? ` ${word}` : word;
      const last = line.at(-1);
      if (last && last.style === style) line[line.length - 1] = { ...last, text: last.text + piece };
      else line.push({ text: piece, style });
      used += columnsOf(piece);
    }
  return lines;
}
