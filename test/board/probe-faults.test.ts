import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Board } from '../../src/board/board.ts';
import { boardJson, boardJsonSchema } from '../../src/board/board-json.ts';
import { probeBoard } from '../../src/board/probe-board.ts';
import { boardFixtures, boardTree } from '../../tools/test/board-tree.ts';

const nothing: Board = {
  ...{ model: null, arch: 'unknown', clusters: [], features: [], allowedCpus: [], cpuQuota: null },
  memory: {
    ...{ totalBytes: 0, availableBytes: 0, limitBytes: null, limitAvailableBytes: null },
    ...{ swapTotalBytes: 0, swapFreeBytes: 0, hugePages: { count: 0, sizeBytes: 0 } },
    transparentHugePages: null,
  },
  ...{ storage: null, temperatures: [], throttling: null },
};

/** Fails if the board cannot be printed and read again. */
function expectSound(board: Board): void {
  boardJsonSchema.parse(boardJson(board));
  for (const { cpus } of board.clusters) expect(cpus.length).toBeGreaterThan(0);
}

async function filesOf(fixture: string): Promise<string[]> {
  const entries = await readdir(join(boardFixtures, fixture), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(boardFixtures, fixture).length));
}

test('an empty folder gives an empty board', async () => {
  expect(await probeBoard({ root: await boardTree(null) })).toEqual(nothing);
});

test('a missing folder gives an empty board', async () => {
  expect(await probeBoard({ root: '/not/there' })).toEqual(nothing);
});

/** Between them they have every kind of file. */
const fixtures = ['orion-o6-device-tree', 'rock-5b', 'cloud-vm'];

const garbage: Readonly<Record<string, string | Uint8Array>> = {
  nothing: '',
  zeros: new Uint8Array(64),
  'high bytes': Uint8Array.from({ length: 300 }, (_, index) => 128 + ((index * 37) % 128)),
  'endless digits': '9'.repeat(400),
  'a negative number': '-1',
  'a word': 'max',
  colons: ':::\nprocessor\t: x\nCPU part : 0xzzz\nMemTotal: many kB\n- - -\n0::/../../..\n',
};
for (const [what, content] of Object.entries(garbage))
  test(`files that hold ${what} are no error`, async () => {
    for (const fixture of fixtures) {
      const changes = Object.fromEntries((await filesOf(fixture)).map((path) => [path, content]));
      expectSound(await probeBoard({ root: await boardTree(fixture, changes) }));
    }
  });

for (const fixture of fixtures)
  test(`any file of ${fixture} may be missing, and only its values are then missing`, async () => {
    const root = await boardTree(fixture);
    const whole = await probeBoard({ root });
    for (const path of await filesOf(fixture)) {
      await rename(join(root, path), join(root, 'away'));
      const board = await probeBoard({ root });
      await rename(join(root, 'away'), join(root, path));
      expectSound(board);
      if (!path.includes('/cpu')) expect(board.clusters, path).toEqual(whole.clusters);
      if (!/meminfo|cgroup|hugepage|mountinfo/.test(path)) expect(board.memory, path).toEqual(whole.memory);
    }
  });

test('a folder in place of a file is no error', async () => {
  const root = await boardTree('raspberry-pi-4', { 'proc/cpuinfo': null, 'proc/cpuinfo/x': 'y' });
  expect((await probeBoard({ root })).clusters[0]?.cpus).toEqual([0, 1, 2, 3]);
});

test('a recorded tree leads nowhere outside', async () => {
  const outside = await boardTree(null, { 'memory.max': '1000', 'inner/proc/self/cgroup': '0::/' });
  await writeFile(join(outside, 'inner/proc/self/mountinfo'), '20 1 0:30 / /../ rw - cgroup2 cgroup2 rw\n');
  expect((await probeBoard({ root: join(outside, 'inner') })).memory.limitBytes).toBeNull();
});

test('names from firmware are printable', async () => {
  const root = await boardTree('raspberry-pi-4', {
    'proc/device-tree/model': `\u001b[31mEvil\nBoard\u0000${'x'.repeat(500)}\u0000`,
  });
  const { model } = await probeBoard({ root });
  expect(model).toMatch(/^\[31mEvil Board x+$/);
  expect(model).toHaveLength(100);
});
