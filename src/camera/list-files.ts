import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { CameraError } from '../domain/errors.ts';
import { fileFault } from '../system/file-fault.ts';

/**
 * The file itself, or the files of a folder with one of the endings (".jpg"), sorted by name; never empty. Hidden files, of
 * which macOS and upload programs leave some, do not count, nor do folders, devices and dangling links.
 * Rejects with a CameraError. `kind` names the files in the error, e.g. "picture".
 */
export async function listFiles(path: string, endings: readonly string[], kind: string): Promise<string[]> {
  try {
    if ((await stat(path)).isFile()) return [path];
    const entries = await readdir(path, { withFileTypes: true });
    const named = entries.filter(
      ({ name }) => !name.startsWith('.') && endings.includes(extname(name).toLowerCase()),
    );
    const areFiles = await Promise.all(named.map((entry) => isFile(path, entry)));
    const files = named.filter((_, index) => areFiles[index]).map(({ name }) => name);
    if (files.length > 0) return files.sort().map((name) => join(path, name));
  } catch (cause) {
    throw new CameraError(`${path}: cannot be read: ${fileFault(cause)}`, { cause });
  }
  throw new CameraError(`${path}: contains no ${kind} (${endings.join(', ')})`);
}

async function isFile(folder: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isFile();
  const target = await stat(join(folder, entry.name)).catch(() => null);
  return target?.isFile() ?? false;
}

/** The file after the last one, or the first if there is none. By name, since files may come and go in between. */
export function fileAfter(last: string | null, files: readonly string[]): string {
  return (last === null ? undefined : files.find((file) => file > last)) ?? files[0]!;
}
