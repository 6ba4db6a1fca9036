import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';

const camera = 'cameras: { a: { source: { type: scene } } }';
const parse = (history: string) => parseConfig(`${camera}\nhistory: ${history}`, 'c.yaml').history;

test('a history is kept unless it is null; an empty section has the defaults', () => {
  const defaults = { max_age: 90 * 86_400_000, max_size: 256 << 20, thumbnails: false };
  expect(parseConfig(camera, 'c.yaml').history).toEqual(defaults);
  expect(parse('')).toEqual(defaults);
  expect(parse('{}')).toEqual(defaults);
  expect(parse('null')).toBeNull();
  expect(parse('~')).toBeNull();
});

test('ages are of any length, unlike the durations of timers', () => {
  expect(parse('{ max_age: 3650d }')).toMatchObject({ max_age: 3650 * 86_400_000 });
  expect(parse('{ max_age: 12h, max_size: 2GiB, thumbnails: true }')).toEqual({
    max_age: 12 * 3_600_000,
    max_size: 2 * 2 ** 30,
    thumbnails: true,
  });
});

test.each([
  ['{ max_age: 90 }', /history\.max_age: must be a duration such as 12h or 90d, with its unit.*\(it is 90\)/],
  ['{ max_age: 10m }', /history\.max_age: must be from 1h to 36500d/],
  ['{ max_size: 16MiB }', /history\.max_size: must be at least 64MiB/],
  ['{ max_entries: 5 }', /history: unknown key "max_entries".*the keys here are max_age, max_size/],
  ['90d', /history: must be a section such as \{ max_age: 90d \}/],
  ['false', /history: must be a section such as \{ max_age: 90d \}/],
])('a faulty history names the field and the remedy: %s', (text, message) => {
  expect(() => parse(text)).toThrow(message);
});
