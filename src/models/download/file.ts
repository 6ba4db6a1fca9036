import { codeOf, messageOf, ScenecastError } from '../../domain/errors.ts';
import { formatBytes } from '../../domain/format-bytes.ts';
import type { RemoteFile } from './hub-file.ts';
import { type HubAccess, HubError, pauseBefore, requestHub } from './hub-request.ts';
import { DownloadPart } from './part.ts';
import { readAhead } from './read-ahead.ts';

/** Events of a download, for display. */
export type DownloadEvent =
  | { readonly type: 'progress'; readonly doneBytes: number; readonly sizeBytes: number | null }
  | { readonly type: 'resumed'; readonly doneBytes: number }
  | { readonly type: 'retry' | 'restart'; readonly reason: string };

/** Max new downloads of a file whose digest does not match. */
const maxRestarts = 1;

/**
 * Downloads a file to `<target>.part`, resuming after interruptions and from an earlier download of the same file, until
 * it is complete and has the hub's digest. The caller renames it.
 * @returns the part, synced; the caller closes it.
 * @throws HubError if the hub fails or its data is wrong, ScenecastError if the disk is full.
 */
export async function downloadFile(
  remote: RemoteFile,
  target: string,
  access: HubAccess,
  onEvent: (event: DownloadEvent) => void,
  requireSpace: (neededBytes: number) => Promise<void>,
): Promise<DownloadPart> {
  const part = await DownloadPart.open(`${target}.part`, remote);
  try {
    if (part.length > 0) onEvent({ type: 'resumed', doneBytes: part.length });
    for (let restarts = 0; ; restarts++) {
      await fetchAll(remote, part, access, onEvent, requireSpace);
      if (remote.digest === null || part.matches(remote.digest)) break;
      const { algorithm, hex } = remote.digest;
      const fault = `the download does not have the hub's ${algorithm} (${hex})`;
      await part.restart(remote.sizeBytes);
      if (restarts >= maxRestarts) {
        await part.discard();
        throw new HubError(`${remote.address}: ${fault}, ${restarts + 1} times in a row`, {
          isTemporary: false,
        });
      }
      onEvent({ type: 'restart', reason: fault });
    }
    await requireGguf(remote, target, part);
    await part.sync();
    return part;
  } catch (error) {
    await part.close();
    throw codeOf(error) === 'ENOSPC'
      ? new ScenecastError(`${part.path}: the disk is full; free some space and run the same command again`, {
          cause: error,
        })
      : error;
  }
}

/** The only check for a plain URL, which often returns a login page. */
async function requireGguf(remote: RemoteFile, target: string, part: DownloadPart): Promise<void> {
  const head = (await part.head(4)).toString('latin1');
  if (head === 'GGUF' || !/\.gguf$/i.test(target)) return;
  await part.discard();
  throw new HubError(`${remote.address}: not a GGUF file: it begins with ${JSON.stringify(head)}`, {
    isTemporary: false,
  });
}

/** Downloads until the file is complete; pauses between attempts grow while there is no progress. */
async function fetchAll(
  remote: RemoteFile,
  part: DownloadPart,
  access: HubAccess,
  onEvent: (event: DownloadEvent) => void,
  requireSpace: (neededBytes: number) => Promise<void>,
): Promise<void> {
  // Progress counts beyond the max so far, so that a server that always restarts fails in the end.
  let maxLength = part.length;
  let failures = 0;
  while (part.sizeBytes === null || part.length < part.sizeBytes) {
    try {
      await fetchMore(remote, part, access, onEvent, requireSpace);
      if (part.sizeBytes === null) return;
      if (part.length < part.sizeBytes)
        throw new HubError(
          `${remote.address}: the server stopped at ${part.length} of ${part.sizeBytes} bytes`,
          { isTemporary: true },
        );
    } catch (error) {
      await part.checkpoint();
      access.signal.throwIfAborted();
      if (!(error instanceof HubError && error.isTemporary)) throw error;
      if (part.length > maxLength) failures = 0;
      else if (++failures >= access.attempts)
        throw new HubError(`${messageOf(error)}; given up after ${failures} attempts without progress`, {
          cause: error,
          isTemporary: false,
        });
      maxLength = Math.max(maxLength, part.length);
      onEvent({ type: 'retry', reason: messageOf(error) });
      await pauseBefore(failures, error, access);
    }
  }
}

/** One request, from the end of the part. */
async function fetchMore(
  remote: RemoteFile,
  part: DownloadPart,
  access: HubAccess,
  onEvent: (event: DownloadEvent) => void,
  requireSpace: (neededBytes: number) => Promise<void>,
): Promise<void> {
  const idle = new IdleTimer(access);
  try {
    // Without a digest or a strong ETag a changed file could not be detected.
    if (part.length > 0 && remote.digest === null && part.etag === null) await part.restart(remote.sizeBytes);
    const offset = part.length;
    const { response } = await requestHub(remote.url, {
      token: remote.token,
      follow: 'anywhere',
      signal: idle.signal,
      headers: offset === 0 ? {} : { range: `bytes=${offset}-`, ...(part.etag && { 'if-range': part.etag }) },
    });
    const body = response.body && readAhead(response.body);
    await acceptResponse(response, remote, part, onEvent);
    if (part.sizeBytes !== null) await requireSpace(part.sizeBytes - part.length);
    for await (const chunk of body ?? []) {
      idle.restart();
      const room = (part.sizeBytes ?? Number.POSITIVE_INFINITY) - part.length;
      if (chunk.length > room)
        throw new HubError(
          `${remote.address}: the server sends more than the ${part.sizeBytes} bytes of the file`,
          {
            isTemporary: true,
          },
        );
      await part.append(chunk);
      onEvent({ type: 'progress', doneBytes: part.length, sizeBytes: part.sizeBytes });
    }
  } catch (cause) {
    access.signal.throwIfAborted();
    if (cause instanceof ScenecastError || (cause as NodeJS.ErrnoException).syscall !== undefined)
      throw cause;
    const { cause: reason } = cause as { cause?: unknown };
    const message = idle.signal.aborted
      ? `no data for ${access.idleTimeoutMs} ms`
      : `connection lost (${messageOf(reason ?? cause)})`;
    throw new HubError(`${remote.address}: ${message} at ${formatBytes(part.length)}`, {
      cause,
      isTemporary: true,
    });
  } finally {
    idle.stop();
  }
}

/**
 * Compares the response's headers with the request and the hub's metadata; restarts the part if the server sends the
 * whole file, because it does not support ranges or the file has changed.
 * @throws HubError if they do not match.
 */
async function acceptResponse(
  response: Response,
  remote: RemoteFile,
  part: DownloadPart,
  onEvent: (event: DownloadEvent) => void,
): Promise<void> {
  const { status, headers } = response;
  const refuse = (what: string): never => {
    throw new HubError(`${remote.address}: ${what}`, { isTemporary: true });
  };
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') refuse(`the server sent ${encoding} encoding, which was not requested`);
  const length = headers.has('content-length') ? Number(headers.get('content-length')) : null;
  const etag = headers.get('etag');
  const strongEtag = etag?.startsWith('"') ? etag : null;
  if (status === 206) {
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
    const [first, last] = [Number(range?.[1]), Number(range?.[2])];
    const total = range && range[3] !== '*' ? Number(range[3]) : null;
    if (!range || first !== part.length || last < first || (length !== null && length !== last - first + 1))
      refuse(`requested the bytes from ${part.length}, the server sent "${headers.get('content-range')}"`);
    // A server without If-Range. With a digest the check at the end suffices, and mirrors have different ETags.
    if (remote.digest === null && etag !== part.etag) {
      await part.restart(remote.sizeBytes);
      refuse('the file on the hub has changed');
    }
    if (part.sizeBytes !== null && ((total ?? part.sizeBytes) !== part.sizeBytes || last >= part.sizeBytes))
      refuse(`has ${part.sizeBytes} bytes, but the server says "${headers.get('content-range')}"`);
    part.setMetadata({ sizeBytes: total, etag: strongEtag });
    return;
  }
  if (part.length > 0) {
    const reason =
      status === 416
        ? 'the server does not have this range'
        : part.etag !== null && etag !== part.etag
          ? 'the file on the hub has changed'
          : 'the server cannot resume';
    onEvent({ type: 'restart', reason });
  }
  await part.restart(remote.sizeBytes);
  if (status === 416) refuse('the server does not send the rest');
  if (status !== 200) refuse(`the server answered ${status}`);
  if (length !== null && part.sizeBytes !== null && length !== part.sizeBytes)
    refuse(`has ${part.sizeBytes} bytes, but the server announces ${length}`);
  part.setMetadata({ sizeBytes: length, etag: strongEtag });
}

/** Aborts a request without data for `idleTimeoutMs`, or when the access's signal aborts. */
class IdleTimer {
  readonly signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  constructor(access: HubAccess) {
    this.signal = AbortSignal.any([access.signal, this.#abort.signal]);
    this.#timer = setTimeout(() => this.#abort.abort(), access.idleTimeoutMs);
  }
  restart(): void {
    this.#timer.refresh();
  }
  /** Aborts the request too. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }
}
