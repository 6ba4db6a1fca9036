import { messageOf, ScenecastError } from '../../domain/errors.ts';
import { formatBytes } from '../../domain/format-bytes.ts';
import type { RemoteFile } from './hub-file.ts';
import { askHub, type HubAccess, HubError, pauseBefore } from './hub-request.ts';
import { DownloadPart } from './part.ts';
import { readAhead } from './read-ahead.ts';

/** What happens while a file is downloaded, for a person to see. */
export type DownloadEvent =
  | { readonly type: 'progress'; readonly doneBytes: number; readonly sizeBytes: number | null }
  | { readonly type: 'resumed'; readonly doneBytes: number }
  | { readonly type: 'retry' | 'restart'; readonly reason: string };

/** How often a file is fetched anew whose bytes were not what the hub said. */
const maxRestarts = 1;

/**
 * Downloads a file to `<target>.part`, through cuts, until it is whole and its digest is the hub's. What an
 * earlier download of the same file left is used. The caller renames it; until then nothing has the final name.
 * @returns the part, synced; the caller closes it.
 * @throws HubError where the hub cannot be used or what it sends is wrong, ScenecastError where the disk is full.
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
      const fault = `what came has not the ${algorithm} that the hub names (${hex})`;
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
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC'
      ? new ScenecastError(`${part.path}: the disk is full; make room and run the same command again`, {
          cause: error,
        })
      : error;
  }
}

/** All that can be checked of a plain URL: often what comes is a page that asks to log in. */
async function requireGguf(remote: RemoteFile, target: string, part: DownloadPart): Promise<void> {
  const head = (await part.head(4)).toString('latin1');
  if (head === 'GGUF' || !/\.gguf$/i.test(target)) return;
  await part.discard();
  throw new HubError(`${remote.address}: what came is no GGUF file: it begins with ${JSON.stringify(head)}`, {
    isTemporary: false,
  });
}

/** Downloads until every byte is there; pauses between attempts grow while nothing new comes. */
async function fetchAll(
  remote: RemoteFile,
  part: DownloadPart,
  access: HubAccess,
  onEvent: (event: DownloadEvent) => void,
  requireSpace: (neededBytes: number) => Promise<void>,
): Promise<void> {
  // Against the farthest ever come, so that a server that always begins anew is given up in the end.
  let farthest = part.length;
  let failures = 0;
  while (part.sizeBytes === null || part.length < part.sizeBytes) {
    try {
      await fetchMore(remote, part, access, onEvent, requireSpace);
      if (part.sizeBytes === null) return;
      if (part.length < part.sizeBytes)
        throw new HubError(
          `${remote.address}: the server ended at ${part.length} of ${part.sizeBytes} bytes`,
          { isTemporary: true },
        );
    } catch (error) {
      await part.checkpoint();
      access.signal.throwIfAborted();
      if (!(error instanceof HubError && error.isTemporary)) throw error;
      if (part.length > farthest) failures = 0;
      else if (++failures >= access.attempts)
        throw new HubError(`${messageOf(error)}; given up after ${failures} attempts without progress`, {
          cause: error,
          isTemporary: false,
        });
      farthest = Math.max(farthest, part.length);
      onEvent({ type: 'retry', reason: messageOf(error) });
      await pauseBefore(failures, error, access);
    }
  }
}

/** One request, from where the part ends. */
async function fetchMore(
  remote: RemoteFile,
  part: DownloadPart,
  access: HubAccess,
  onEvent: (event: DownloadEvent) => void,
  requireSpace: (neededBytes: number) => Promise<void>,
): Promise<void> {
  const idle = new IdleTimer(access);
  try {
    // Without a digest and without a strong ETag nothing would tell a changed file from the same one.
    if (part.length > 0 && remote.digest === null && part.etag === null) await part.restart(remote.sizeBytes);
    const offset = part.length;
    const { response } = await askHub(remote.url, {
      token: remote.token,
      follow: 'anywhere',
      signal: idle.signal,
      headers: offset === 0 ? {} : { range: `bytes=${offset}-`, ...(part.etag && { 'if-range': part.etag }) },
    });
    const body = response.body && readAhead(response.body);
    await acceptAnswer(response, remote, part, onEvent);
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
      ? `nothing came for ${access.idleTimeoutMs} ms`
      : `the connection was cut (${messageOf(reason ?? cause)})`;
    throw new HubError(`${remote.address}: ${message} at ${formatBytes(part.length)}`, {
      cause,
      isTemporary: true,
    });
  } finally {
    idle.stop();
  }
}

/**
 * Compares what the server announces with what was asked for and what the hub knows of the file; begins anew
 * where it sends the whole file, because it knows no ranges or the file was changed.
 * @throws HubError where they do not fit.
 */
async function acceptAnswer(
  response: Response,
  remote: RemoteFile,
  part: DownloadPart,
  onEvent: (event: DownloadEvent) => void,
): Promise<void> {
  const { status, headers } = response;
  const lie = (what: string): never => {
    throw new HubError(`${remote.address}: ${what}`, { isTemporary: true });
  };
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') lie(`the server sends it ${encoding}-encoded, which was not asked for`);
  const length = headers.has('content-length') ? Number(headers.get('content-length')) : null;
  const etag = headers.get('etag');
  const strongEtag = etag?.startsWith('"') ? etag : null;
  if (status === 206) {
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
    const [first, last] = [Number(range?.[1]), Number(range?.[2])];
    const total = range && range[3] !== '*' ? Number(range[3]) : null;
    if (!range || first !== part.length || last < first || (length !== null && length !== last - first + 1))
      lie(`asked for the bytes from ${part.length}, the server sends "${headers.get('content-range')}"`);
    // A server that knows no If-Range; with a digest the end will tell, and mirrors name their copies differently.
    if (remote.digest === null && etag !== part.etag) {
      await part.restart(remote.sizeBytes);
      lie('the file on the hub was changed');
    }
    if (part.sizeBytes !== null && ((total ?? part.sizeBytes) !== part.sizeBytes || last >= part.sizeBytes))
      lie(`has ${part.sizeBytes} bytes, but the server says "${headers.get('content-range')}"`);
    part.learn({ sizeBytes: total, etag: strongEtag });
    return;
  }
  if (part.length > 0) {
    const reason =
      status === 416
        ? 'the server knows no such part of it'
        : part.etag !== null && etag !== part.etag
          ? 'the file on the hub was changed'
          : 'the server cannot resume';
    onEvent({ type: 'restart', reason });
  }
  await part.restart(remote.sizeBytes);
  if (status === 416) lie('the server does not send the rest');
  if (status !== 200) lie(`the server answered ${status}`);
  if (length !== null && part.sizeBytes !== null && length !== part.sizeBytes)
    lie(`has ${part.sizeBytes} bytes, but the server announces ${length}`);
  part.learn({ sizeBytes: length, etag: strongEtag });
}

/** Aborts a request when nothing has come for a while, or when the person aborts. */
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
  /** Ends the request too, whatever is still to come of it. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }
}
