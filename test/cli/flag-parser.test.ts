import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import { flagCollector, flagParser } from '../../src/cli/flag-parser.ts';
import { duration, size } from '../../src/config/units.ts';

test('a flag is read as in the config', () => {
  expect(flagParser(duration)('10m')).toBe(600_000);
});

test('a repeated flag adds to its values', () => {
  const collect = flagCollector(size);
  expect(collect('4x3', collect('2x1', []))).toEqual([
    { width: 2, height: 1 },
    { width: 4, height: 3 },
  ]);
});

test('an invalid flag is refused with what it must be', () => {
  const parse = (): unknown => flagParser(size)('big');
  expect(parse).toThrow(InvalidArgumentError);
  expect(parse).toThrow('It must be a size such as 1280x720.');
});
