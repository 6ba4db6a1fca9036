/** One line of /proc/self/mountinfo (proc(5)). */
export interface Mount {
  /** "8:1"; "0:…" for file systems without a block device of their own. */
  readonly device: string;
  /** The mounted folder of the file system: "/" except for bind mounts and cgroups. */
  readonly root: string;
  readonly mountPoint: string;
  readonly fsType: string;
  /** "/dev/nvme0n1p2", "server:/export", or the file system's type. */
  readonly source: string;
  readonly options: readonly string[];
}

/** Skips invalid lines. */
export function parseMountinfo(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const [before, after] = line.split(' - ');
    const [, , device, root, mountPoint] = before?.split(' ') ?? [];
    const [fsType, source, options] = after?.split(' ') ?? [];
    if (!device || !root || !mountPoint?.startsWith('/') || !fsType || !source) continue;
    mounts.push({
      device,
      root: unescaped(root),
      mountPoint: unescaped(mountPoint),
      fsType,
      source: unescaped(source),
      options: options?.split(',') ?? [],
    });
  }
  return mounts;
}

/** The mount that a folder is on: the deepest one above it, the last of those at the same place. */
export function mountOf(folder: string, mounts: readonly Mount[]): Mount | null {
  let found: Mount | null = null;
  for (const mount of mounts)
    if (isWithin(folder, mount.mountPoint) && mount.mountPoint.length >= (found?.mountPoint.length ?? 0))
      found = mount;
  return found;
}

/** Whether a path is a folder or below it. */
export function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

/** Spaces, tabs, newlines and backslashes are octal escapes. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
