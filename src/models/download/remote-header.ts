import { open } from 'node:fs/promises';
import { messageOf } from '../../domain/errors.ts';
import { HttpError } from '../../system/http-error.ts';
import { foreignContentOf } from '../foreign-content.ts';
import { ggufHeaderBytes, HeaderEnd } from '../gguf-header.ts';
import { formatAddress, type HubAddress } from '../hub-address.ts';
import { HubError, offlineRemedy } from './hub-error.ts';
import { describeRemoteFile, type RemoteFile } from './hub-file.ts';
import { type HubAccess, requestHub } from './hub-request.ts';
import { withRetries } from './hub-retries.ts';
import { readAhead } from './read-ahead.ts';

const firstRangeBytes = 1 << 20;
/** A large vocabulary takes some 10 MB. */
const maxHeaderBytes = 256 << 20;

/**
 * Fetches only the header of a GGUF file on a hub, by HTTP ranges, into a sparse file of the same length, from which
 * llama.cpp computes the model's needs before a download.
 * @throws HubError if the hub fails, does not have the file, or the file is not a GGUF
 */
export async function fetchHeader(address: HubAddress, path: string, access: HubAccess): Promise<void> {
  try {
    const { header, sizeBytes } = await readHeader(await describeRemoteFile(address, access), access);
    const file = await open(path, 'w');
    try {
      await file.write(header);
      await file.truncate(sizeBytes);
    } finally {
      await file.close();
    }
  } catch (cause) {
    access.signal.throwIfAborted();
    if (!(cause instanceof HubError)) throw cause;
    const remedy = cause.isOffline ? `; ${offlineRemedy}` : '';
    throw new HubError(`${formatAddress(address)}: its header cannot be read: ${cause.message}${remedy}`, {
      cause,
      isTemporary: false,
    });
  }
}

/** Everything up to the tensors' data, and the file's length. */
async function readHeader(
  remote: RemoteFile,
  access: HubAccess,
): Promise<{ header: Buffer; sizeBytes: number }> {
  let bytes = Buffer.alloc(0);
  let { sizeBytes } = remote;
  for (let wanted = firstRangeBytes; wanted <= maxHeaderBytes; wanted *= 4) {
    const got = await withRetries(access, () => readRange(remote, bytes.length, wanted, access));
    bytes = Buffer.concat([bytes, got.bytes]);
    sizeBytes ??= got.sizeBytes;
    if (sizeBytes === null) throw permanent('the server does not tell its length');
    const headerBytes = headerBytesOf(bytes);
    if (headerBytes !== null && headerBytes <= sizeBytes)
      return { header: bytes.subarray(0, headerBytes), sizeBytes };
    if (bytes.length >= sizeBytes) throw permanent('it is too short');
  }
  throw permanent(`it has no end within ${maxHeaderBytes >> 20} MiB`);
}

/** Null: it goes on. */
function headerBytesOf(bytes: Buffer): number | null {
  try {
    return ggufHeaderBytes(bytes);
  } catch (error) {
    if (error instanceof HeaderEnd) return null;
    throw permanent(`${messageOf(error)}${contentOf(bytes)}`);
  }
}

function contentOf(bytes: Buffer): string {
  const content = foreignContentOf(bytes);
  return content === null ? '' : `, ${content}`;
}

/** The bytes from `from` to `to`, or to the file's end; a server without ranges sends those before, too. */
async function readRange(
  { url, token, address }: RemoteFile,
  from: number,
  to: number,
  access: HubAccess,
): Promise<{ bytes: Buffer; sizeBytes: number | null }> {
  const timeout = AbortSignal.timeout(access.idleTimeoutMs);
  const signal = AbortSignal.any([access.signal, timeout]);
  try {
    const headers = { Range: `bytes=${from}-${to - 1}` };
    const answer = await requestHub(url, { token, headers, follow: 'anywhere', signal }, access);
    const isWhole = answer.status === 200;
    const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.header('content-range') ?? '');
    if (!isWhole && Number(range?.[1]) !== from)
      throw permanent(`requested the bytes from ${from}, the server answered ${answer.status}`);
    const length = isWhole ? answer.header('content-length') : range![2]!;
    const chunks: Buffer[] = [];
    let size = 0;
    const wanted = isWhole ? to : to - from;
    for await (const chunk of readAhead(answer.body)) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= wanted) break;
    }
    const bytes = Buffer.concat(chunks).subarray(isWhole ? from : 0, wanted);
    return { bytes, sizeBytes: length === null ? null : Number(length) };
  } catch (cause) {
    access.signal.throwIfAborted();
    if (cause instanceof HubError) throw cause;
    if (!timeout.aborted && !(cause instanceof HttpError)) throw cause;
    const what = timeout.aborted ? `no end within ${access.idleTimeoutMs} ms` : messageOf(cause);
    throw new HubError(`${address}: ${what}`, { cause, isTemporary: true });
  }
}

function permanent(what: string): HubError {
  return new HubError(what, { isTemporary: false });
}
