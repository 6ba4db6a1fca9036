import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';

function parse(collect: string): ReturnType<typeof parseConfig> {
  return parseConfig(`cameras: { porch: { source: { type: scene }, collect: ${collect} } }`, 'c.yaml');
}

test.each<[string, object | null]>([
  ['null', null],
  ['{}', { keep: 200, max_size: 64 * 2 ** 20 }],
  ['{ keep: 20, max_size: 5MiB }', { keep: 20, max_size: 5 * 2 ** 20 }],
])('collect: %s', (collect, parsed) => {
  expect(parse(collect).cameras['porch']?.collect).toEqual(parsed);
});

test.each([
  ['true', 'collect: must be a section such as { keep: 200, max_size: 64MiB } (it is true)'],
  ['{ keep: 0 }', 'collect.keep: must be at least 1 (it is 0)'],
  ['{ max_size: 1KiB }', 'collect.max_size: must be at least 1MiB'],
  ['{ keep: 20, size: 1MiB }', 'cameras.porch.collect: unknown key "size"'],
])('%s is refused', (collect, fault) => {
  expect(() => parse(collect)).toThrow(fault);
});
