import { describe, expect, test } from 'vitest';
import { printable } from '../../../src/cli/terminal/printable.ts';
import { fittedSpans, span, wrappedSpans } from '../../../src/cli/terminal/span.ts';
import { columnsOf, fitted, wrapped } from '../../../src/cli/terminal/text-columns.ts';

describe('printable text', () => {
  test.each([
    ['escape sequences', 'a \x1b[2J\x1b[31mred\x1b[0m b', 'a red b'],
    ['titles and links', 'a\x1b]0;title\x07b \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\', 'ab link'],
    ['8-bit sequences', 'a\x9b2Jb', 'ab'],
    ['a lone escape', 'a\x1bb', 'a b'],
    ['lines and tabs', ' a\r\n\tb\u2028c ', 'a b c'],
    ['the direction of writing', 'a\u202Ecba\u2066d', 'acbad'],
    ['halves of characters', 'a\uD83Db', 'a\uFFFDb'],
    ['piles of accents', `a${'\u0316'.repeat(40)}`, 'a\u0316\u0316\u0316'],
  ])('has no %s', (_, text, expected) => {
    const shown = printable(text);
    expect(shown).toBe(expected);
    expect(shown).not.toMatch(/\p{Cc}/u);
  });

  test('is otherwise as it was', () => {
    expect(printable('Ein roter Kreis – 赤い円 🔴, naïve')).toBe('Ein roter Kreis – 赤い円 🔴, naïve');
  });
});

describe('columns', () => {
  test.each([
    ['abc', 3],
    ['赤い円', 6],
    ['🔴', 2],
    ['a\u0316', 1],
    ['', 0],
  ])('%j takes %d', (text, columns) => {
    expect(columnsOf(text)).toBe(columns);
  });

  test('a text is cut between characters, never within a wide one', () => {
    expect(fitted('赤い円', 6)).toBe('赤い円');
    expect(fitted('赤い円です', 6)).toBe('赤い…');
    expect(fitted('abc', 0)).toBe('');
    for (let columns = 0; columns < 12; columns++)
      expect(columnsOf(fitted('赤い円 and a dog', columns))).toBeLessThanOrEqual(columns);
  });

  test('a text is broken at spaces, a long word anywhere, and no line is wider', () => {
    expect(wrapped('a red circle left of it', 12)).toEqual(['a red circle', 'left of it']);
    expect(wrapped('abcdefgh ij', 4)).toEqual(['abcd', 'efgh', 'ij']);
    expect(wrapped('赤い円です', 4)).toEqual(['赤い', '円で', 'す']);
    expect(wrapped('one two three four', 9, 2)).toEqual(['one two', 'three fo…']);
    expect(wrapped('', 9)).toEqual([]);
  });

  test('styles go with their words', () => {
    const spans = [span('a red circle', 'bold'), { ...span('1.2 s', 'dim'), isWhole: true }];
    expect(wrappedSpans(spans, 10)).toEqual([
      [span('a red', 'bold')],
      [span('circle', 'bold')],
      [span('1.2 s', 'dim')],
    ]);
    expect(wrappedSpans(spans, 12)[1]).toEqual([span('1.2 s', 'dim')]);
    expect(wrappedSpans(spans, 80)).toEqual([[span('a red circle', 'bold'), span(' 1.2 s', 'dim')]]);
    expect(fittedSpans(spans, 14)).toMatchObject([span('a red circle', 'bold'), span('1…', 'dim')]);
  });
});
