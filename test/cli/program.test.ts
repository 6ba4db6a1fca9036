import { expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';

const namesOf = async (asked?: string): Promise<string[]> =>
  (await createProgram(AbortSignal.abort(), asked)).commands.map((command) => command.name());

test('a command is there by itself when it is asked for by its name, and all are else', async () => {
  const all = await namesOf();
  expect(all).toContain('run');
  for (const name of all) expect(await namesOf(name)).toEqual([name]);
  for (const other of ['help', '--help', 'nonsense', 'toString', ''])
    expect(await namesOf(other)).toEqual(all);
});
