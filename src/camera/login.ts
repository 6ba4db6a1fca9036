import { CameraError, messageOf } from '../domain/errors.ts';
import { readSecret } from '../system/read-secret.ts';

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Reads the password from the first line of its file. Rejects with a CameraError if it cannot be read. */
export async function readLogin(username: string | null, passwordFile: string | null): Promise<Login | null> {
  if (username === null) return null;
  if (passwordFile === null) return { username, password: '' };
  try {
    return { username, password: await readSecret(passwordFile, `password_file ${passwordFile}`) };
  } catch (cause) {
    throw new CameraError(messageOf(cause), { cause });
  }
}

/** `user:password`, percent-encoded for an address. */
export function userInfo({ username, password }: Login): string {
  return `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
}
