import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { bashCompletion } from '../../tools/package/bash-completion.ts';
import { commandTree } from '../../tools/package/command-tree.ts';

const tree = commandTree(await createProgram(AbortSignal.abort()));

test.each([
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
])('bash completes scenecast %j', (words, expected) => {
  const line = ['scenecast', ...words].map((word) => `'${word}'`).join(' ');
  const script = `${bashCompletion(tree)}
    COMP_WORDS=(${line}) COMP_CWORD=${words.length}
    _scenecast
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const offered = execFileSync('bash', ['-euc', script], { encoding: 'utf8' }).trim();
  expect(offered.split('\n').filter(Boolean).sort()).toEqual([...expected].sort());
});
