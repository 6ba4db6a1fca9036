import { open } from 'node:fs/promises';
import { ConfigError } from '../domain/errors.ts';
import { formatBytes } from '../domain/format-bytes.ts';

type ForeignContent = 'a Git LFS pointer' | 'a web page';

/** What stands in place of a model's file, from its first bytes: it was cloned without Git LFS, or a login page was saved. */
export function foreignContentOf(head: Uint8Array): ForeignContent | null {
  const text = Buffer.from(head)
    .toString('utf8', 0, 64)
    .replace(/^\uFEFF/, '')
    .trimStart();
  // hawser was LFS's first name.
  if (/^version https:\/\/(git-lfs\.github|hawser\.github)\.com\/spec\//.test(text))
    return 'a Git LFS pointer';
  return /^<(!doctype|html|\?xml)/i.test(text) ? 'a web page' : null;
}

/**
 * Refuses content that is not the file itself.
 * @param sizeBytes of the file
 * @throws ConfigError that names what it is, with the command that gets the file
 */
export function refuseForeign(path: string, head: Uint8Array, sizeBytes: number): void {
  const content = foreignContentOf(head);
  if (content === null) return;
  const remedy =
    content === 'a Git LFS pointer'
      ? 'in the repository that it is from, run git lfs install, then git lfs pull'
      : 'download it again, with the address of the file and the login that its host requires';
  throw new ConfigError(`${path}: ${content} of ${formatBytes(sizeBytes)}, not the file itself; ${remedy}`);
}

/** The same for a file that is not open. One that cannot be read is left to its reader. */
export async function requireOwnContent(path: string): Promise<void> {
  const file = await open(path).catch(() => null);
  if (!file) return;
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    refuseForeign(path, buffer.subarray(0, bytesRead), size);
  } finally {
    await file.close();
  }
}
