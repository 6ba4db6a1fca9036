import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { CameraError, messageOf } from '../domain/errors.ts';

/**
 * The file itself, or the files of a folder with one of the endings (".jpg"), sorted by name; never empty.
 * Rejects with a CameraError. `kind` names the files in the error, e.g. "picture".
 */
export async function listFiles(path: string, endings: readonly string[], kind: string): Promise<string[]> {
  try {
    if ((await stat(path)).isFile()) return [path];
    const names = await readdir(path);
    const files = names.filter((name) => endings.includes(extname(name).toLowerCase())).sort();
    if (files.length > 0) return files.map((name) => join(path, name));
  } catch (cause) {
    throw new CameraError(`${path}: cannot be read: ${messageOf(cause)}`, { cause });
  }
  throw new CameraError(`${path}: contains no ${kind} (${endings.join(', ')})`);
}

/** The file after the last one, or the first if there is none. By name, since files may come and go in between. */
export function fileAfter(last: string | null, files: readonly string[]): string {
  return (last === null ? undefined : files.find((file) => file > last)) ?? files[0]!;
}
