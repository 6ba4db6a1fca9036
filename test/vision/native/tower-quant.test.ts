import { expect, test } from 'vitest';
import { gainsFromQ8Tower } from '../../../src/vision/native/tower-quant.ts';

test.each([
  ['Orion O6', 'arm64', ['asimd', 'fp16', 'dotprod', 'bf16', 'i8mm'], true],
  ['Raspberry Pi 5', 'arm64', ['asimd', 'fp16', 'dotprod'], true],
  ['Raspberry Pi 4', 'arm64', ['asimd'], false],
  ['a PC', 'x64', [], true],
])('%s: %s with %j', (_, arch, features, gains) => {
  expect(gainsFromQ8Tower(arch, features)).toBe(gains);
});
