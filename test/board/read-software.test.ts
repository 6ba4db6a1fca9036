import { expect, test } from 'vitest';
import { readSoftware } from '../../src/board/read-software.ts';
import { boardTree } from '../../tools/test/board-tree.ts';

test('the versions of kernel, system and firmware', async () => {
  const root = await boardTree(null, {
    'etc/os-release': 'NAME="Debian GNU/Linux"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n',
    'proc/sys/kernel/osrelease': '6.1.43-20-rk2312\n',
    'sys/class/dmi/id/bios_version': '9.0.0\n',
  });
  expect(await readSoftware(root)).toEqual({
    kernel: '6.1.43-20-rk2312',
    system: 'Debian GNU/Linux 12 (bookworm)',
    firmware: '9.0.0',
  });
});

test.each([
  ['PRETTY_NAME=Plain', 'Plain'],
  ["PRETTY_NAME='Single quotes'", 'Single quotes'],
  ['ID=debian', null],
])('the system of /usr/lib/os-release with %j is %j', async (line, system) => {
  const root = await boardTree(null, { 'usr/lib/os-release': `${line}\n` });
  expect(await readSoftware(root)).toEqual({ kernel: null, system, firmware: null });
});
