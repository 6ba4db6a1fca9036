import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { CameraError, messageOf } from '../domain/errors.ts';

/**
 * A file itself, or the files of a folder whose names end as listed (".jpg"), in order of name; never empty.
 * Rejects with a CameraError. `what` names what is looked for in the error, e.g. "picture".
 */
export async function listFiles(path: string, endings: readonly string[], what: string): Promise<string[]> {
  try {
    if ((await stat(path)).isFile()) return [path];
    const names = await readdir(path);
    const files = names.filter((name) => endings.includes(extname(name).toLowerCase())).sort();
    if (files.length > 0) return files.map((name) => join(path, name));
  } catch (cause) {
    throw new CameraError(`${path}: cannot be read: ${messageOf(cause)}`, { cause });
  }
  throw new CameraError(`${path}: holds no ${what} (${endings.join(', ')})`);
}

/** The file after the last one, or the first where there is none: files may come and go in between. */
export function fileAfter(last: string | null, files: readonly string[]): string {
  return (last === null ? undefined : files.find((file) => file > last)) ?? files[0]!;
}
