import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isMissingFile } from '../domain/errors.ts';
import { DamagedError } from './database-fault.ts';
import { OutboxDatabase } from './outbox-database.ts';

/** Opens or creates the file. Descriptions are private; SQLite gives its other files the permissions of this one. */
export function openPrivately(path: string): OutboxDatabase {
  const stats = statSync(path, { throwIfNoEntry: false });
  // Opening a pipe would block this thread for ever.
  if (stats && !stats.isFile() && !stats.isDirectory())
    throw new DamagedError('it is a pipe, device or socket');
  closeSync(openSync(path, 'a', 0o600));
  return new OutboxDatabase(path);
}

/** Writes all that an open database has to a new file, whose own file has been deleted. */
export function writeCopy(database: OutboxDatabase, path: string): void {
  const partial = `${path}.partial`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(partial, { force: true });
  closeSync(openSync(partial, 'wx', 0o600));
  database.copyTo(partial);
  renameSync(partial, path);
}

/** Identifies a file whatever its name; null: there is none. */
export function fileAt(path: string): string | null {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch (error) {
    if (isMissingFile(error)) return null;
    throw error;
  }
}
