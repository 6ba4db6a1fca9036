import { constants } from 'node:fs';
import { open, readdir, realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** More than any relevant file holds; stops the read of a device or an endless file. */
const maxBytes = 4 * 1024 * 1024;
/** Enough for a sensor on a slow bus and for a busy machine. */
const deadlineMs = 5000;

/**
 * The kernel's files below a root folder: "/" for this machine, or a recorded tree. Files that are missing, unreadable
 * or of another form give null or an empty list: nothing here throws.
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

  /** A name on one line, cleaned by {@link cleanName}. */
  async name(path: string): Promise<string | null> {
    return cleanName((await this.text(path)) ?? '');
  }

  /** A folder's entries in numeric order (cpu2 before cpu10). */
  async folder(path: string): Promise<string[]> {
    const names = await readdir(this.pathOf(path)).catch(() => []);
    return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  }

  /** The target of a sysfs link, relative to the root: it shows the buses of a device. */
  async realPath(path: string): Promise<string | null> {
    try {
      return `/${relative(await realpath(this.root), await realpath(this.pathOf(path)))}`;
    } catch {
      return null;
    }
  }
}

/** The result of a read that hardware or a network may block; null if it fails or takes more than 5 s. */
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

/** A safe integer; null for anything else, including "max". */
export function wholeNumber(text: string): number | null {
  const value = /^\s*-?\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}

/** A line such as `MemTotal: 16 kB` of /proc/meminfo or a process's status, in bytes; null if it is missing. */
export function bytesField(text: string, name: string): number | null {
  const kibibytes = wholeNumber(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(text)?.[1] ?? '');
  return kibibytes === null ? null : kibibytes * 1024;
}

/** A printable name: without control characters (device-tree strings end in NUL), single spaces, max 100 characters. */
export function cleanName(text: string): string | null {
  const name = text
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, 100);
  return name === '' ? null : name;
}

async function readText(path: string): Promise<string> {
  // Without O_NONBLOCK a FIFO in a recorded tree would block for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    while (sizeBytes < maxBytes) {
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
