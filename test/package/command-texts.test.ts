import { Command } from 'commander';
import { expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { commandTree, flattenTree } from '../../tools/package/command-tree.ts';
import { manPage, roff } from '../../tools/package/man-page.ts';

const tree = commandTree(await createProgram(AbortSignal.abort()));
const commands = flattenTree(tree);
const page = manPage(tree, { version: '1.2.3', date: new Date('2026-03-01T12:00:00Z') });

test('the tree has every command, and no implicit help', () => {
  const paths = commands.map(({ path }) => path.join(' '));
  expect(paths).toContain('scenecast run');
  expect(paths).toContain('scenecast doctor engine');
  expect(paths.filter((path) => path.includes('help'))).toEqual([]);
});

test('the man page lists every command with its options', () => {
  expect(page).toContain('.TH SCENECAST 1 2026-03-01 "scenecast 1.2.3"');
  for (const { path, arguments: words, options, commands: below } of commands.slice(1)) {
    if (below.length > 0) continue;
    const title = `.SS ${roff([...path.slice(1), ...words.map(({ term }) => term)].join(' '))}\n`;
    const section = page.split(title)[1]?.split(/^\.S[SH] /m)[0];
    expect(section, title).toBeDefined();
    for (const { term, names } of options)
      if (!names.includes('--help')) expect(section).toContain(`.B ${roff(term)}\n`);
  }
});

test('no text contains a roff request', () => {
  const program = new Command('scenecast').description(".so /etc/passwd\n'tis \\n");
  program.command('odd').description('odd');
  const text = manPage(commandTree(program), { version: '1', date: new Date(0) });
  expect(text).toContain('\n\\&.so /etc/passwd\n\\(aqtis \\en\n');
});
