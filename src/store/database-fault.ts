import { renameSync, rmSync } from 'node:fs';
import { isMissingFile, messageOf } from '../domain/errors.ts';

/** A database file that can be read by SQLite but not by us. */
export class DamagedError extends Error {
  override readonly name = 'DamagedError';
}

// Result codes of SQLite, https://www.sqlite.org/rescode.html
const busy = 5;
const corrupt = 11;
const cantOpen = 14;
const notADatabase = 26;
const readOnly = 8;

/** Whether the file itself is at fault: it will not be better on the next try. */
export function isDamage(error: unknown): boolean {
  return error instanceof DamagedError || [corrupt, notADatabase].includes(resultCode(error));
}

/** Whether another process has the file. */
export function isLocked(error: unknown): boolean {
  return resultCode(error) === busy;
}

/** Whether a person must mend a folder or its rights. */
export function isUnreachable(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return (
    ['EACCES', 'EPERM', 'ENOTDIR', 'EISDIR', 'EEXIST', 'EROFS'].includes(code) ||
    [cantOpen, readOnly].includes(resultCode(error))
  );
}

/** SQLite's primary result code of an error; 0: it is none of SQLite's. */
function resultCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
}

/**
 * Renames a damaged database, with its write-ahead log, to `<path>.damaged`, in place of an earlier one: a person may look
 * at it, and a disk that damages files again and again is not filled with them.
 * @returns the new path.
 */
export function putAside(path: string): string {
  const aside = `${path}.damaged`;
  for (const suffix of ['', '-wal']) {
    rmSync(aside + suffix, { force: true, recursive: true });
    try {
      renameSync(path + suffix, aside + suffix);
    } catch (error) {
      if (!isMissingFile(error)) {
        throw new Error(`${path}${suffix} cannot be put aside: ${messageOf(error)}`, { cause: error });
      }
    }
  }
  rmSync(`${path}-shm`, { force: true });
  return aside;
}
