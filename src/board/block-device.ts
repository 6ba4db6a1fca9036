import { posix } from 'node:path';
import type { StorageKind } from './board.ts';
import type { KernelFiles } from './kernel-files.ts';

/** Disks of virtual machines behind a SCSI controller. */
const virtualVendors = /^(QEMU|VMware|VBOX|Msft|Google|Xen)\b/i;
/** Max nesting of mapped devices; more is a loop. */
const maxLayers = 8;

/**
 * The kind of storage under a file system's device.
 * @param device its number, "259:2"; @param source its name in the mount table, for file systems such as btrfs
 * whose number is not their device's.
 * @returns null if the kernel does not show it, or if there are several kinds.
 */
export async function blockDeviceKind(
  files: KernelFiles,
  device: string,
  source: string,
): Promise<StorageKind | null> {
  const disks = await files.folder('/sys/block');
  for (const disk of disks)
    if (await isDisk(files, disk, device, source)) return diskKind(files, disk, maxLayers);
  return null;
}

async function isDisk(files: KernelFiles, disk: string, device: string, source: string): Promise<boolean> {
  const name = posix.basename(source);
  const isNamed = source.startsWith('/dev/') && device.startsWith('0:');
  if (isNamed && (name === disk || name === (await files.name(`/sys/block/${disk}/dm/name`)))) return true;
  if ((await files.name(`/sys/block/${disk}/dev`)) === device) return true;
  for (const part of await partitionsOf(files, disk))
    if ((isNamed && name === part) || (await files.name(`/sys/block/${disk}/${part}/dev`)) === device)
      return true;
  return false;
}

async function partitionsOf(files: KernelFiles, disk: string): Promise<string[]> {
  return (await files.folder(`/sys/block/${disk}`)).filter((name) => name.startsWith(disk));
}

async function diskKind(files: KernelFiles, disk: string, layers: number): Promise<StorageKind | null> {
  const folder = `/sys/block/${disk}`;
  const lower = await files.folder(`${folder}/slaves`);
  if (lower.length > 0) return layers === 0 ? null : commonKind(files, lower, layers - 1);
  if (/^(zram|ram|pmem)\d/.test(disk)) return 'memory';
  if (/^(vd|xvd)[a-z]/.test(disk)) return 'virtual';
  if (disk.startsWith('nvme')) return 'nvme';
  if (disk.startsWith('mmcblk')) {
    const type = await files.name(`${folder}/device/type`);
    return type === 'SD' ? 'sd' : type === 'MMC' ? 'emmc' : null;
  }
  // For SCSI-like disks the path shows the bus.
  const path = (await files.realPath(folder)) ?? '';
  if (/\/usb\d+\//.test(path)) return 'usb';
  const vendor = (await files.name(`${folder}/device/vendor`)) ?? '';
  if (/\/virtio\d+\//.test(path) || virtualVendors.test(vendor)) return 'virtual';
  const rotational = await files.number(`${folder}/queue/rotational`);
  return !disk.startsWith('sd') || rotational === null ? null : rotational === 1 ? 'disk' : 'ssd';
}

/** The kind of the disks under a mapped device (encryption, LVM, RAID), by disks or partitions. */
async function commonKind(
  files: KernelFiles,
  names: readonly string[],
  layers: number,
): Promise<StorageKind | null> {
  const kinds = new Set<StorageKind | null>();
  for (const name of names) {
    for (const disk of await files.folder('/sys/block'))
      if (disk === name || (await partitionsOf(files, disk)).includes(name))
        kinds.add(await diskKind(files, disk, layers));
  }
  const [kind] = kinds;
  return kinds.size === 1 ? (kind ?? null) : null;
}
