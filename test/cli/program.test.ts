import { expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { commandTree, flattenTree } from '../../tools/package/command-tree.ts';

const namesOf = async (asked?: string): Promise<string[]> =>
  (await createProgram(AbortSignal.abort(), asked)).commands.map((command) => command.name());

test('only the named command is loaded, or all of them without a known name', async () => {
  const all = await namesOf();
  expect(all).toContain('run');
  for (const name of all) expect(await namesOf(name)).toEqual([name]);
  for (const other of ['help', '--help', 'nonsense', 'toString', ''])
    expect(await namesOf(other)).toEqual(all);
});

const commands = flattenTree(commandTree(await createProgram(AbortSignal.abort())));

test('no help text shows an empty default', () => {
  const texts = commands.flatMap((command) => [...command.options, ...command.arguments]);
  for (const { term, description } of texts)
    expect(description, term).not.toMatch(/\(default: (\[\]|\{\}|""|false|null|undefined)\)/);
});

test('each command that prints a result can print it as JSON', () => {
  const without = commands.filter(
    ({ options, commands: below }) =>
      below.length === 0 && options.every(({ names }) => !names.includes('--json')),
  );
  // run logs JSON, label asks a person, watch has listen --json for it, scene prints nothing else, and password a line for
  // the config.
  expect(without.map(({ path }) => path.join(' '))).toEqual([
    'scenecast run',
    'scenecast label',
    'scenecast watch',
    'scenecast password',
    'scenecast scene',
  ]);
});
