import { expect, test } from 'vitest';
import { probeBoard } from '../../src/board/probe-board.ts';
import { boardTree, type TreeChanges } from '../../tools/test/board-tree.ts';

const dmi = (vendor: string | null, product: string | null, folder = 'sys/class/dmi/id'): TreeChanges => ({
  [`${folder}/sys_vendor`]: vendor,
  [`${folder}/product_name`]: product,
});

test.each<[string, TreeChanges, string | null]>([
  ['the device tree first', { 'proc/device-tree/model': 'Board A\0', ...dmi('B', 'C') }, 'Board A'],
  ['where sysfs has it', { 'sys/firmware/devicetree/base/model': 'Board A\0' }, 'Board A'],
  ['an empty device tree counts for nothing', { 'proc/device-tree/model': '\0', ...dmi('B', 'C') }, 'B C'],
  ['maker and product', dmi('LENOVO\n', '20N3S5RA00\n'), 'LENOVO 20N3S5RA00'],
  ['the maker once', dmi('Radxa Computer (Shenzhen) Co., Ltd.', 'Radxa Orion O6'), 'Radxa Orion O6'],
  ['where the class is not there', dmi('B', 'C', 'sys/devices/virtual/dmi/id'), 'B C'],
  ['placeholders', dmi('To Be Filled By O.E.M.', 'System Product Name'), null],
  ['half filled in', dmi('Default string', 'X1'), 'X1'],
])('%s', async (_, changes, model) => {
  expect((await probeBoard({ root: await boardTree(null, changes) })).model).toBe(model);
});
