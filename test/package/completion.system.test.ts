import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { bashCompletion } from '../../tools/package/bash-completion.ts';
import { commandTree } from '../../tools/package/command-tree.ts';
import { fishCompletion } from '../../tools/package/fish-completion.ts';
import { zshCompletion } from '../../tools/package/zsh-completion.ts';

const tree = commandTree(await createProgram(AbortSignal.abort()));
const folder = mkdtempSync(join(tmpdir(), 'scenecast-completion-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Words after `scenecast`, the last one incomplete, and what is offered for it. */
const cases: [words: string[], expected: string[]][] = [
  [['sc'], ['scene']],
  [['models', 'p'], ['pull']],
  [
    ['doctor', ''],
    ['cameras', 'board', 'engine'],
  ],
  [['models', 'pull', '--acc'], ['--accept-change']],
  // Of the command that is being typed, not of the one above it; a value is no command.
  [['describe', '--prompt', 'run', '--as'], ['--ask']],
  // A value: bash completes a file name.
  [['run', '--config', ''], []],
  [['run', '--config', '--'], []],
];

const isInstalled = (shell: string): boolean => {
  try {
    execFileSync(shell, ['-c', 'exit 0']);
    return true;
  } catch {
    return false;
  }
};

function linesOf(offered: string): string[] {
  return offered.split('\n').filter(Boolean).sort();
}

test.each(cases)('bash completes scenecast %j', (words, expected) => {
  const line = ['scenecast', ...words].map((word) => `'${word}'`).join(' ');
  const script = `${bashCompletion(tree)}
    COMP_WORDS=(${line}) COMP_CWORD=${words.length}
    _scenecast
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  expect(linesOf(execFileSync('bash', ['-euc', script], { encoding: 'utf8' }))).toEqual([...expected].sort());
});

test.skipIf(!isInstalled('zsh')).each(cases)('zsh completes scenecast %j (needs zsh)', (words, expected) => {
  const line = ['scenecast', ...words].map((word) => `'${word}'`).join(' ');
  // What zsh's own functions would offer: those of the entries that begin with the last word.
  const script = `_describe() { local entry; for entry in "\${(@P)2}"; do
      [[ $entry == "\${words[CURRENT]}"* ]] && print -r -- "\${entry%%:*}"; done; return 0; }
    _files() { :; }
    words=(${line}) CURRENT=${words.length + 1}
    ${zshCompletion(tree)}`;
  expect(linesOf(execFileSync('zsh', ['-fuc', script], { encoding: 'utf8' }))).toEqual([...expected].sort());
});

// For a word that begins with a dash, fish offers the options even where a value is due.
const fishCases = cases.filter(([words]) => words.at(-1) !== '--');

test.skipIf(!isInstalled('fish')).each(fishCases)(
  'fish completes scenecast %j (needs fish)',
  (words, expected) => {
    const file = join(folder, 'scenecast.fish');
    writeFileSync(file, fishCompletion(tree));
    // Without a last word, fish would offer the files of its folder.
    const script = `cd ${folder}; source ${file}; complete -C ${JSON.stringify(['scenecast', ...words].join(' '))}`;
    const env = { ...process.env, HOME: folder };
    const offered = execFileSync('fish', ['--no-config', '-c', script], { encoding: 'utf8', env });
    const names = linesOf(offered).map((each) => each.split('\t')[0]!);
    expect(names.filter((each) => each !== 'scenecast.fish').sort()).toEqual([...expected].sort());
  },
);
