import { codeOf, messageOf } from '../domain/errors.ts';

/**
 * Why a file cannot be read. Node's own words would name its path once more.
 * @param unnamed its path, if the caller's words do not name it
 */
export function fileFault(error: unknown, unnamed: string | null = null): string {
  switch (codeOf(error)) {
    case 'ENOENT':
      return unnamed === null ? 'there is no such file' : `there is no file ${unnamed}`;
    case 'EACCES':
      return `this user may not read ${unnamed ?? 'it'}`;
    default:
      return messageOf(error);
  }
}
