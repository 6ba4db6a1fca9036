import { renameSync, rmSync } from 'node:fs';
import { codeOf, isMissingFile, messageOf } from '../domain/errors.ts';

/** A database file that SQLite can read but we cannot. */
export class DamagedError extends Error {
  override readonly name = 'DamagedError';
}

// Result codes of SQLite, https://www.sqlite.org/rescode.html
const busy = 5;
const corrupt = 11;
const cantOpen = 14;
const notADatabase = 26;
const readOnly = 8;

/** Whether the file itself is at fault: a retry cannot help. */
export function isDamage(error: unknown): boolean {
  return error instanceof DamagedError || [corrupt, notADatabase].includes(resultCode(error));
}

/** Whether another process has locked the file. */
export function isLocked(error: unknown): boolean {
  return resultCode(error) === busy;
}

/** Whether a person must fix a folder or its permissions. */
export function isUnreachable(error: unknown): boolean {
  const code = String(codeOf(error));
  return (
    ['EACCES', 'EPERM', 'ENOTDIR', 'EISDIR', 'EEXIST', 'EROFS'].includes(code) ||
    [cantOpen, readOnly].includes(resultCode(error))
  );
}

/** SQLite's primary result code; 0: not an error of SQLite. */
function resultCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
}

/**
 * Renames a damaged database and its write-ahead log to `<path>.damaged`, so that a person can look at it. Replaces an
 * earlier one, so that a failing disk is not filled with them.
 * @returns the new path
 */
export function moveAside(path: string): string {
  const aside = `${path}.damaged`;
  for (const suffix of ['', '-wal']) {
    rmSync(aside + suffix, { force: true, recursive: true });
    try {
      renameSync(path + suffix, aside + suffix);
    } catch (error) {
      if (!isMissingFile(error)) {
        throw new Error(`${path}${suffix} cannot be moved aside: ${messageOf(error)}`, { cause: error });
      }
    }
  }
  rmSync(`${path}-shm`, { force: true });
  return aside;
}
