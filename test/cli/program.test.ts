import { expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';

const namesOf = async (asked?: string): Promise<string[]> =>
  (await createProgram(AbortSignal.abort(), asked)).commands.map((command) => command.name());

test('only the named command is loaded, or all of them without a known name', async () => {
  const all = await namesOf();
  expect(all).toContain('run');
  for (const name of all) expect(await namesOf(name)).toEqual([name]);
  for (const other of ['help', '--help', 'nonsense', 'toString', ''])
    expect(await namesOf(other)).toEqual(all);
});
