import { formatBytes } from '../../domain/format-bytes.ts';
import { HttpError } from '../../system/http-error.ts';
import { foreignContentOf } from '../foreign-content.ts';
import { HubError } from './hub-error.ts';
import type { RemoteFile } from './hub-file.ts';
import { type HubAccess, type HubAnswer, requestHub } from './hub-request.ts';
import { HubRetries } from './hub-retries.ts';
import { DownloadPart } from './part.ts';
import { readAhead } from './read-ahead.ts';

/** Events of a download, for display. */
export type DownloadEvent =
  | { readonly type: 'progress'; readonly doneBytes: number; readonly sizeBytes: number | null }
  | { readonly type: 'resumed'; readonly doneBytes: number }
  | { readonly type: 'restart'; readonly reason: string };

/** What a download needs of its pull. */
export interface DownloadContext {
  readonly access: HubAccess;
  readonly onEvent: (event: DownloadEvent) => void;
  /** Checks that there is space for so many more bytes. */
  readonly requireSpace: (neededBytes: number) => Promise<void>;
}

/** Max new downloads of a file whose digest does not match. */
const maxRestarts = 1;

/**
 * Downloads a file to `<target>.part`, resuming after interruptions and from an earlier download of the same file, until
 * it is complete and has the hub's digest. The caller renames it.
 * @returns the part, synced; the caller closes it.
 * @throws HubError if the hub fails or its data is wrong; errors of the file system as Node throws them.
 */
export async function downloadFile(
  remote: RemoteFile,
  target: string,
  context: DownloadContext,
): Promise<DownloadPart> {
  const part = await DownloadPart.open(`${target}.part`, remote);
  try {
    await new Download(remote, part, context).complete();
    await requireGguf(remote, target, part);
    await part.sync();
    return part;
  } catch (error) {
    await part.close();
    throw error;
  }
}

/** The only check for a plain URL, which often returns a login page. */
async function requireGguf(remote: RemoteFile, target: string, part: DownloadPart): Promise<void> {
  const head = await part.head(64);
  const foreign = foreignContentOf(head);
  const start = head.toString('latin1', 0, 4);
  if (foreign === null && (start === 'GGUF' || !/\.gguf$/i.test(target))) return;
  await part.discard();
  const remedy =
    foreign === 'a Git LFS pointer'
      ? '; use the address of the file itself: in a Hugging Face URL /resolve/, on GitHub https://media.githubusercontent.com/media/owner/repo/branch/file'
      : '';
  const what = `it begins with ${JSON.stringify(start)}${foreign === null ? '' : `: ${foreign}`}`;
  throw new HubError(`${remote.address}: not a GGUF file: ${what}${remedy}`, { isTemporary: false });
}

/** The download of one file into its part. */
class Download {
  readonly #remote: RemoteFile;
  readonly #part: DownloadPart;
  readonly #context: DownloadContext;

  constructor(remote: RemoteFile, part: DownloadPart, context: DownloadContext) {
    this.#remote = remote;
    this.#part = part;
    this.#context = context;
  }

  /** Until the part has all bytes, and the hub's digest. */
  async complete(): Promise<void> {
    const { digest, sizeBytes, address } = this.#remote;
    const part = this.#part;
    if (part.length > 0) this.#context.onEvent({ type: 'resumed', doneBytes: part.length });
    for (let restarts = 0; ; restarts++) {
      await this.#fetchAll();
      if (digest === null || part.matches(digest)) return;
      const fault = `the download does not have the hub's ${digest.algorithm} (${digest.hex})`;
      await part.restart(sizeBytes);
      if (restarts >= maxRestarts) {
        await part.discard();
        throw new HubError(`${address}: ${fault}, ${restarts + 1} times in a row`, { isTemporary: false });
      }
      this.#context.onEvent({ type: 'restart', reason: fault });
    }
  }

  /** Requests the rest until the file is complete. */
  async #fetchAll(): Promise<void> {
    const part = this.#part;
    const { access } = this.#context;
    const retries = new HubRetries(access);
    // The hub has described it.
    if (this.#remote.digest !== null) retries.noteProgress();
    // Progress counts beyond the max so far, so that a server that always restarts fails in the end.
    let maxLength = part.length;
    while (part.sizeBytes === null || part.length < part.sizeBytes) {
      try {
        await this.#fetchMore();
        if (part.sizeBytes === null) return;
        if (part.length < part.sizeBytes)
          throw this.#fault(`the server stopped at ${part.length} of ${part.sizeBytes} bytes`);
      } catch (error) {
        await part.checkpoint();
        access.signal.throwIfAborted();
        const hasProgressed = part.length > maxLength;
        maxLength = Math.max(maxLength, part.length);
        await retries.pauseAfter(error, hasProgressed);
      }
    }
  }

  /** One request, from the end of the part. */
  async #fetchMore(): Promise<void> {
    const part = this.#part;
    const { access, requireSpace, onEvent } = this.#context;
    const idle = new IdleTimer(access);
    try {
      const answer = await this.#request(idle.signal);
      const chunks = readAhead(answer.body);
      await this.#accept(answer);
      if (part.sizeBytes !== null) await requireSpace(part.sizeBytes - part.length);
      for await (const chunk of chunks) {
        idle.restart();
        const room = (part.sizeBytes ?? Number.POSITIVE_INFINITY) - part.length;
        if (chunk.length > room)
          throw this.#fault(`the server sends more than the ${part.sizeBytes} bytes of the file`);
        await part.append(chunk);
        onEvent({ type: 'progress', doneBytes: part.length, sizeBytes: part.sizeBytes });
      }
    } catch (cause) {
      access.signal.throwIfAborted();
      const at = `at ${formatBytes(part.length)}`;
      if (idle.signal.aborted) throw this.#fault(`no data for ${access.idleTimeoutMs} ms ${at}`, cause);
      if (cause instanceof HttpError) throw this.#fault(`connection lost (${cause.message}) ${at}`, cause);
      throw cause;
    } finally {
      idle.stop();
    }
  }

  async #request(signal: AbortSignal): Promise<HubAnswer> {
    const part = this.#part;
    const { url, token, digest, sizeBytes } = this.#remote;
    // Without a digest or a strong ETag a changed file could not be detected.
    if (part.length > 0 && digest === null && part.etag === null) await part.restart(sizeBytes);
    const condition: Record<string, string> = part.etag === null ? {} : { 'If-Range': part.etag };
    const headers = part.length === 0 ? {} : { Range: `bytes=${part.length}-`, ...condition };
    return requestHub(url, { token, follow: 'anywhere', signal, headers }, this.#context.access);
  }

  /**
   * Compares the answer's headers with the request and the hub's metadata; restarts the part if the server sends the
   * whole file, because it does not support ranges or the file has changed.
   * @throws HubError if they do not match.
   */
  async #accept(answer: HubAnswer): Promise<void> {
    const part = this.#part;
    const encoding = answer.header('content-encoding') ?? 'identity';
    if (encoding !== 'identity')
      throw this.#fault(`the server sent ${encoding} encoding, which was not requested`);
    if (answer.status === 206) return this.#acceptRange(answer);
    const etag = answer.header('etag');
    if (part.length > 0) {
      const reason =
        answer.status === 416
          ? 'the server does not have this range'
          : part.etag !== null && etag !== part.etag
            ? 'the file on the hub has changed'
            : 'the server cannot resume';
      this.#context.onEvent({ type: 'restart', reason });
    }
    await part.restart(this.#remote.sizeBytes);
    if (answer.status === 416) throw this.#fault('the server does not send the rest');
    if (answer.status !== 200) throw this.#fault(`the server answered ${answer.status}`);
    const length = lengthOf(answer);
    if (length !== null && part.sizeBytes !== null && length !== part.sizeBytes)
      throw this.#fault(`has ${part.sizeBytes} bytes, but the server announces ${length}`);
    part.setMetadata({ sizeBytes: length, etag: strongEtagOf(answer) });
  }

  async #acceptRange(answer: HubAnswer): Promise<void> {
    const part = this.#part;
    const length = lengthOf(answer);
    const sent = answer.header('content-range');
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(sent ?? '');
    const [first, last] = [Number(range?.[1]), Number(range?.[2])];
    const total = range && range[3] !== '*' ? Number(range[3]) : null;
    if (!range || first !== part.length || last < first || (length !== null && length !== last - first + 1))
      throw this.#fault(`requested the bytes from ${part.length}, the server sent "${sent}"`);
    // A server without If-Range. With a digest the check at the end suffices, and mirrors have different ETags.
    if (this.#remote.digest === null && answer.header('etag') !== part.etag) {
      await part.restart(this.#remote.sizeBytes);
      throw this.#fault('the file on the hub has changed');
    }
    if (part.sizeBytes !== null && ((total ?? part.sizeBytes) !== part.sizeBytes || last >= part.sizeBytes))
      throw this.#fault(`has ${part.sizeBytes} bytes, but the server says "${sent}"`);
    part.setMetadata({ sizeBytes: total, etag: strongEtagOf(answer) });
  }

  /** A temporary error. */
  #fault(what: string, cause?: unknown): HubError {
    return new HubError(`${this.#remote.address}: ${what}`, { cause, isTemporary: true });
  }
}

function lengthOf(answer: HubAnswer): number | null {
  const length = answer.header('content-length');
  return length === null ? null : Number(length);
}

function strongEtagOf(answer: HubAnswer): string | null {
  const etag = answer.header('etag');
  return etag?.startsWith('"') ? etag : null;
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
