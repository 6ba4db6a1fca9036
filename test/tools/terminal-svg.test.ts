import { readFileSync } from 'node:fs';
import { styleText } from 'node:util';
import { expect, test } from 'vitest';
import { terminalSvg } from '../../tools/docs/terminal-svg.ts';

const green = (text: string): string => styleText('green', text, { validateStream: false });

test('colours are drawn, markup is escaped, and a picture is beside its line', () => {
  const picture = { line: 1, jpeg: Buffer.from('JPEG'), alt: 'a <square>' };
  const svg = terminalSvg('run <it>', `one & two\n  three  [${green('four')}]\n`, [picture], 'A & B');
  expect(svg).toContain('<title>A &amp; B</title>');
  expect(svg).toContain('</tspan>run &lt;it&gt;</text>');
  expect(svg).toContain('>one &amp; two</text>');
  expect(svg).toContain('>  three  [<tspan class="green">four</tspan>]</text>');
  const top = /y="(\d+)"[^>]* href="data:image\/jpeg;base64,SlBFRw=="><title>a &lt;square&gt;/.exec(svg)?.[1];
  const baseline = /y="(\d+)"[^>]*> {2}three/.exec(svg)?.[1];
  expect(Number(baseline) - Number(top)).toBe(14);
});

test('a long line continues below its second column', () => {
  const words = Array.from({ length: 30 }, (_, index) => `w${index}`);
  const svg = terminalSvg('run', `  name  ${words.join(' ')}`, [], 'words');
  const lines = [...svg.matchAll(/preserve">(?! *<tspan)(.*)<\/text>/g)].map((match) => match[1]!);
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.every((line) => line.length <= 82 && /^ {8}w|^ {2}name {2}w/.test(line))).toBe(true);
  expect(lines.flatMap((line) => line.match(/w\d+/g))).toEqual(words);
});

test('the drawing of the README is small and self-contained', () => {
  const svg = readFileSync(new URL('../../docs/images/demo.svg', import.meta.url), 'utf8');
  expect(svg.length).toBeLessThan(40_000);
  const addresses = [...svg.matchAll(/(?:href|src)="([^"]*)"|url\(|@import/g)].map((match) => match[1]);
  expect(addresses).not.toHaveLength(0);
  expect(addresses.filter((address) => !address?.startsWith('data:image/jpeg;base64,'))).toEqual([]);
  expect(svg).toContain('prefers-color-scheme: dark');
});
