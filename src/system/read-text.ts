import { ConfigError, isMissingFile } from '../domain/errors.ts';
import { fileFault } from './file-fault.ts';
import { readRegularFile } from './read-regular-file.ts';

/** The largest are tokenisers of checkpoints. */
const maxTextBytes = 256 * 2 ** 20;

/**
 * The text of a file, without a byte order mark.
 * @throws ConfigError naming it as `label` if it cannot be read or is UTF-16
 */
export async function readText(path: string, label: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(path, label, maxTextBytes));
}

/** Like {@link readText}, for small files that a person writes: refuses what is not UTF-8, and names the line. */
export async function readUtf8(path: string, label: string, maxBytes: number): Promise<string> {
  const bytes = await readBytes(path, label, maxBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const fault = `line ${faultyLine(bytes)} is not UTF-8`;
    throw new ConfigError(`${label}: ${fault}; convert the file, such as with iconv -f latin1 -t utf-8`, {
      cause,
    });
  }
}

/** The text of a file; null if there is none. @throws ConfigError if there is one that cannot be read */
export async function readOptionalText(path: string): Promise<string | null> {
  try {
    return await readText(path, path);
  } catch (error) {
    if (isMissingFile((error as ConfigError).cause)) return null;
    throw error;
  }
}

async function readBytes(path: string, label: string, maxBytes: number): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readRegularFile(path, maxBytes);
  } catch (cause) {
    throw new ConfigError(
      `${label}: cannot be read: ${fileFault(cause, label.includes(path) ? null : path)}`,
      { cause },
    );
  }
  if (isUtf16(bytes)) throw new ConfigError(`${label}: is encoded as UTF-16; save it as UTF-8`);
  return bytes;
}

/** By its byte order mark, or by the zero byte of its first character, an ASCII one. */
function isUtf16(bytes: Buffer): boolean {
  if (bytes.length < 2) return false;
  const [first, second] = bytes as unknown as [number, number];
  const mark = bytes.readUInt16BE(0);
  return mark === 0xfffe || mark === 0xfeff || (first === 0) !== (second === 0);
}

/** The number of the first line that is not UTF-8, from 1. */
function faultyLine(bytes: Buffer): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, start);
    const stop = end < 0 ? bytes.length : end + 1;
    try {
      decoder.decode(bytes.subarray(start, stop));
    } catch {
      return line;
    }
    start = stop;
  }
  return line;
}
