import { cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { probeBoard } from '../../src/board/probe-board.ts';
import { boardTree, type TreeChanges } from '../../tools/test/board-tree.ts';

const space = { 'scenecast-statfs.json': '{"total_bytes": 1000, "free_bytes": 400}' };
const root = '20 1 179:2 / / rw - ext4 /dev/root rw\n';
const sd = {
  'sys/block/mmcblk0/dev': '179:0',
  'sys/block/mmcblk0/mmcblk0p2/dev': '179:2',
  'sys/block/mmcblk0/device/type': 'SD',
};
const nvme = { 'sys/block/nvme0n1/dev': '259:0', 'sys/block/nvme0n1/nvme0n1p1/dev': '259:1' };

async function kindOf(mounts: string, changes: TreeChanges, modelsFolder = '/models'): Promise<unknown> {
  const tree = await boardTree(null, { ...space, 'proc/self/mountinfo': mounts, ...changes });
  return (await probeBoard({ root: tree, modelsFolder })).storage?.kind;
}

test('the deepest mount above the folder counts, and of two at one place the later', async () => {
  const mounts = `${root}21 20 259:1 / /models rw shared:1 master:2 - ext4 /dev/nvme0n1p1 rw\n`;
  expect(await kindOf(mounts, { ...sd, ...nvme })).toBe('nvme');
  expect(await kindOf(mounts, { ...sd, ...nvme }, '/models/demo')).toBe('nvme');
  expect(await kindOf(mounts, { ...sd, ...nvme }, '/models-2')).toBe('sd');
  expect(await kindOf(`${mounts}22 21 0:50 / /models rw - tmpfs tmpfs rw\n`, { ...sd, ...nvme })).toBe(
    'memory',
  );
});

test('spaces in mount points are read', async () => {
  const mounts = `${root}21 20 0:51 / /my\\040models rw - nfs4 nas:/export rw\n`;
  expect(await kindOf(mounts, sd, '/my models/demo')).toBe('network');
});

test.each([
  ['eMMC', { ...sd, 'sys/block/mmcblk0/device/type': 'MMC' }, 'emmc'],
  ['an MMC device of an unknown type', { ...sd, 'sys/block/mmcblk0/device/type': null }, null],
  ['no such device', nvme, null],
])('%s', async (_, files, kind) => {
  expect(await kindOf(root, files)).toBe(kind);
});

test.each([
  ['an SSD', { 'sys/block/sda/queue/rotational': '0' }, 'ssd'],
  ['a hard disk', { 'sys/block/sda/queue/rotational': '1' }, 'disk'],
  ['a disk that does not tell', {}, null],
])('%s', async (_, files, kind) => {
  const mounts = '20 1 8:1 / / rw - ext4 /dev/sda1 rw\n';
  const disk = { 'sys/block/sda/dev': '8:0', 'sys/block/sda/sda1/dev': '8:1' };
  expect(await kindOf(mounts, { ...disk, ...files })).toBe(kind);
});

test('a USB disk is recognised by its link in sysfs, not by the path of the tree', async () => {
  const device =
    'sys/devices/platform/scb/fd500000.pcie/usb2/2-1/2-1:1.0/host0/target0:0:0/0:0:0:0/block/sda';
  const tree = await boardTree(null, { 'usb1/sys/block/x': '' });
  const root = join(tree, 'usb1');
  const files: TreeChanges = {
    ...space,
    'proc/self/mountinfo': '20 1 8:1 / / rw - ext4 /dev/sda1 rw\n',
    [`${device}/dev`]: '8:0',
    [`${device}/sda1/dev`]: '8:1',
    [`${device}/queue/rotational`]: '0',
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content!);
  }
  await symlink(`../../${device}`, join(root, 'sys/block/sda'));
  expect((await probeBoard({ root })).storage?.kind).toBe('usb');
  await rm(join(root, 'sys/block/sda'));
  await cp(join(root, device), join(root, 'sys/block/sda'), { recursive: true });
  expect((await probeBoard({ root })).storage?.kind).toBe('ssd');
});

test('btrfs, whose number is not its device’s, is found by name', async () => {
  expect(await kindOf('20 1 0:25 /@ / rw - btrfs /dev/nvme0n1p1 rw,subvol=/@\n', nvme)).toBe('nvme');
  const mapped = {
    ...nvme,
    'sys/block/dm-0/dm/name': 'luks-1',
    'sys/block/dm-0/slaves/nvme0n1p1/dev': '259:1',
  };
  expect(await kindOf('20 1 0:25 /@ / rw - btrfs /dev/mapper/luks-1 rw\n', mapped)).toBe('nvme');
});

test('a RAID of one kind of disk has that kind, a mixed one none', async () => {
  const raid = { 'sys/block/md0/dev': '9:0', 'sys/block/md0/slaves/nvme0n1p1/dev': '259:1' };
  const mounts = '20 1 9:0 / / rw - ext4 /dev/md0 rw\n';
  expect(await kindOf(mounts, { ...nvme, ...raid })).toBe('nvme');
  const mixed = { ...sd, ...nvme, ...raid, 'sys/block/md0/slaves/mmcblk0p2/dev': '179:2' };
  expect(await kindOf(mounts, mixed)).toBeNull();
});

test('mapped devices that refer to each other do not loop for ever', async () => {
  const loop = { 'sys/block/dm-0/dev': '253:0', 'sys/block/dm-0/slaves/dm-0/dev': '253:0' };
  expect(await kindOf('20 1 253:0 / / rw - ext4 /dev/dm-0 rw\n', loop)).toBeNull();
});

test('a container’s root has no known kind', async () => {
  expect(await kindOf('20 1 0:60 / / rw - overlay overlay rw,lowerdir=/a:/b\n', sd)).toBeNull();
});

test('without the space of a recorded tree there is no storage', async () => {
  for (const text of [null, '{"total_bytes": -1, "free_bytes": 0}', '[]', 'null', '{'])
    expect(await kindOf(root, { ...sd, 'scenecast-statfs.json': text })).toBeUndefined();
});
