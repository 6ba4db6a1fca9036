import { expect, test } from 'vitest';
import { faultLine } from '../../src/domain/fault-line.ts';

test.each([
  [['cameras', 'a', 'interval'], 10, 'cameras.a.interval: must be x (it is 10)'],
  [[], [], '(top level): must be x (it is [])'],
  [['list', 0], undefined, 'list.0: must be x'],
  [['url'], 'http://user:canary@host/', 'url: must be x (it is "http://***@host/")'],
  [['text'], 'a'.repeat(100), `text: must be x (it is "${'a'.repeat(76)}...)`],
])('the fault at %j', (path, value, line) => {
  expect(faultLine(path, 'must be x', value)).toBe(line);
});
