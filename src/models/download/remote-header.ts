import { open } from 'node:fs/promises';
import { messageOf } from '../../domain/errors.ts';
import { formatAddress, type HubAddress } from '../hub-address.ts';
import { describeRemoteFile } from './hub-file.ts';
import { type HubAccess, HubError, requestHub, withRetries } from './hub-request.ts';

/**
 * Fetches only the header of a GGUF file on a hub, by HTTP ranges, into a sparse file of the same length, from which
 * llama.cpp computes the model's needs before a download.
 * @throws HubError if the hub fails, does not have the file, or the file is not a GGUF
 */
export async function fetchHeader(address: HubAddress, path: string, access: HubAccess): Promise<void> {
  const { url, token, ...remote } = await describeRemoteFile(address, access);
  const header = await readHeader(address, url, token, access);
  const sizeBytes = remote.sizeBytes ?? (await lengthOf(address, url, access));
  const file = await open(path, 'w');
  try {
    await file.write(header);
    await file.truncate(sizeBytes);
  } finally {
    await file.close();
  }
}

/** Everything up to the tensors' data. */
async function readHeader(
  address: HubAddress,
  url: string,
  token: string | null,
  { signal }: HubAccess,
): Promise<Uint8Array> {
  // Imported lazily: it loads half of node-llama-cpp.
  const { readGgufFileInfo } = await import('node-llama-cpp');
  try {
    const { sourceData } = await readGgufFileInfo(url, {
      sourceType: 'network',
      logWarnings: false,
      spliceSplitFiles: false,
      signal,
      fetchHeaders: token === null ? {} : { authorization: `Bearer ${token}` },
      fetchRetryOptions: { retries: 3 },
    });
    const [data] = sourceData;
    if (data?.type === 'buffer') return data.buffer;
    throw new Error('it is too short');
  } catch (cause) {
    signal.throwIfAborted();
    throw new HubError(`${formatAddress(address)}: its header cannot be read: ${messageOf(cause)}`, {
      cause,
      isTemporary: false,
    });
  }
}

/** The length of a file at a plain URL, which has no description. */
function lengthOf(address: HubAddress, url: string, access: HubAccess): Promise<number> {
  return withRetries(access, async () => {
    const signal = AbortSignal.any([access.signal, AbortSignal.timeout(access.idleTimeoutMs)]);
    const { response } = await requestHub(url, {
      headers: { range: 'bytes=0-0' },
      follow: 'anywhere',
      signal,
    });
    await response.body?.cancel();
    const length = Number(/\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]);
    if (Number.isSafeInteger(length)) return length;
    throw new HubError(`${formatAddress(address)}: the server does not support HTTP ranges`, {
      isTemporary: false,
    });
  });
}
