import { resolve } from 'node:path';
import { cleanName, KernelFiles } from './kernel-files.ts';

/** What a board runs below Scenecast; null: unknown. */
export interface BoardSoftware {
  /** The kernel's release, as `uname -r` prints it. */
  readonly kernel: string | null;
  /** As /etc/os-release names it: "Debian GNU/Linux 12 (bookworm)". */
  readonly system: string | null;
  /** The firmware's version; boards that start from a device tree show none. */
  readonly firmware: string | null;
}

/** Reads the versions of kernel, system and firmware; this never rejects. @param root "/" for this machine */
export async function readSoftware(root = '/'): Promise<BoardSoftware> {
  const files = new KernelFiles(resolve(root));
  const release = (await files.text('/etc/os-release')) ?? (await files.text('/usr/lib/os-release')) ?? '';
  return {
    kernel: await files.name('/proc/sys/kernel/osrelease'),
    system: cleanName(/^PRETTY_NAME=["']?(.*?)["']?$/m.exec(release)?.[1] ?? ''),
    firmware: await files.name('/sys/class/dmi/id/bios_version'),
  };
}
