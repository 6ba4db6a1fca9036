import { constants } from 'node:fs';
import { open, readdir, realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** More than any file of interest holds; a device or an endless file ends here. */
const mostBytes = 4 * 1024 * 1024;
/** Long enough for a sensor on a slow bus, and for a machine that is busy. */
const deadlineMs = 5000;

/**
 * What a kernel shows in files below a root folder: "/" for this machine, or a recorded tree.
 * Whatever is missing, unreadable or not what was asked for is null or empty: nothing here throws.
 */
export class KernelFiles {
  readonly root: string;
  constructor(root: string) {
    this.root = root;
  }

  pathOf(path: string): string {
    return join(this.root, path);
  }

  async text(path: string): Promise<string | null> {
    return readText(this.pathOf(path)).catch(() => null);
  }

  /** A whole number, in decimal. */
  async number(path: string): Promise<number | null> {
    return wholeNumber((await this.text(path)) ?? '');
  }

  /** A name on one line, as {@link cleanName} gives it. */
  async name(path: string): Promise<string | null> {
    return cleanName((await this.text(path)) ?? '');
  }

  /** What is in a folder, in the order of their numbers (cpu2 before cpu10). */
  async folder(path: string): Promise<string[]> {
    const names = await readdir(this.pathOf(path)).catch(() => []);
    return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  }

  /** Where a link of sysfs leads, as seen from the root: it tells the buses that a device hangs on. */
  async realPath(path: string): Promise<string | null> {
    try {
      return `/${relative(await realpath(this.root), await realpath(this.pathOf(path)))}`;
    } catch {
      return null;
    }
  }
}

/** What a read gives that hardware or a network can hold up; null where it fails, or takes more than 5 s. */
export async function withinDeadline<T>(read: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, deadlineMs, null);
  });
  try {
    return await Promise.race([read, late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** A whole number that a double can hold; null for anything else, "max" too. */
export function wholeNumber(text: string): number | null {
  const value = /^\s*-?\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}

/** A maker's name, fit to print: no control characters (device-tree strings end in NUL), spaces single, not long. */
export function cleanName(text: string): string | null {
  const name = text
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, 100);
  return name === '' ? null : name;
}

async function readText(path: string): Promise<string> {
  // Without O_NONBLOCK a FIFO in a recorded tree would hold the reader for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    while (sizeBytes < mostBytes) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(65536), 0, 65536, null);
      if (bytesRead === 0) break;
      parts.push(buffer.subarray(0, bytesRead));
      sizeBytes += bytesRead;
    }
    return Buffer.concat(parts).toString('utf8');
  } finally {
    await file.close();
  }
}
