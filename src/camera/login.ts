import { readFile } from 'node:fs/promises';
import { CameraError, messageOf } from '../domain/errors.ts';

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Reads the password from the first line of its file. Rejects with a CameraError where it cannot be read. */
export async function readLogin(username: string | null, passwordFile: string | null): Promise<Login | null> {
  if (username === null) return null;
  if (passwordFile === null) return { username, password: '' };
  try {
    const [line = ''] = (await readFile(passwordFile, 'utf8')).split('\n');
    return { username, password: line.trimEnd() };
  } catch (cause) {
    throw new CameraError(`password_file ${passwordFile}: cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** `user:password` as it stands in an address. */
export function userInfo({ username, password }: Login): string {
  return `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
}
