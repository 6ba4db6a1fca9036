import { codeOf, ScenecastError } from '../domain/errors.ts';

const readOnly = 'cannot be written; choose another folder with --dir, or run this as the user that owns it';
const full = 'the disk is full; free some space and run the same command again';
const notFolder = 'a file is in the way; remove it, or choose another folder with --dir';

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: full,
  EDQUOT: 'your disk quota is used up; free some space and run the same command again',
  EFBIG: 'its file system does not hold files of this size (FAT32: 4 GiB); choose another disk with --dir',
  EROFS: readOnly,
  EACCES: readOnly,
  EPERM: readOnly,
  ENOTDIR: notFolder,
  EEXIST: notFolder,
  EIO: 'the disk reports an error; look at dmesg, and choose another one with --dir',
};

/** An error of the file system as one with its remedy; any other error as it is. */
export function diskFault(error: unknown, folder: string): unknown {
  const code = codeOf(error);
  const remedy = remedies[code ?? ''];
  if (remedy === undefined || error instanceof ScenecastError) return error;
  const { path = folder } = error as NodeJS.ErrnoException;
  return new ScenecastError(`${path}: ${remedy} (${code})`, { cause: error });
}
