import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The fault of one request for a file's bytes. */
export interface Fault {
  /** The connection breaks after this many bytes of the body. */
  readonly cutAfterBytes?: number;
  /** The body ends normally after this many bytes. */
  readonly endAfterBytes?: number;
  /** This byte of the file has one bit flipped. */
  readonly corruptAt?: number;
  readonly ignoreRange?: boolean;
  /** Sends ranges of a changed file too, like a server without If-Range. */
  readonly ignoreIfRange?: boolean;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Extra bytes after the file's own. */
  readonly extraBytes?: number;
  /** No Content-Length: the end of the connection ends the body. */
  readonly chunked?: boolean;
  /** A pause before each piece of this many bytes. */
  readonly slow?: { readonly pieceBytes: number; readonly pauseMs: number };
  /** Never answers. */
  readonly silent?: boolean;
}

export interface SeenRequest {
  readonly server: 'hub' | 'cdn';
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/**
 * A hub on 127.0.0.1 with a subset of Hugging Face's and ModelScope's APIs; like there, a redirect leads to the bytes
 * on a second port. Files can be changed at any time; `fault` is called for each request.
 */
export class LoopbackHub {
  /** The bytes of each file, by `owner/repo/path`. */
  readonly files = new Map<string, Buffer>();
  /** Files outside LFS, identified by the SHA-1 of their git blob. */
  readonly plainFiles = new Set<string>();
  readonly seen: SeenRequest[] = [];
  /** The fault of the next request for bytes; null for none. */
  fault: (request: IncomingMessage, file: string) => Fault | null = () => null;
  /** The same for requests to the APIs and `resolve`: a status instead of an answer. */
  apiFault: (request: IncomingMessage) => { status: number; headers?: Record<string, string> } | null = () =>
    null;
  /** Reported instead of the true digest. */
  claimedSha256: string | null = null;
  /** Without the tree API, like some mirrors. */
  hasTree = true;
  /** Whether the bytes are served with an ETag. */
  hasEtag = true;
  /** Whether the bytes are served on a port other than the API's. */
  redirects = true;
  /** The address of the APIs. */
  endpoint = '';
  #cdnOrigin = '';
  readonly #hub: Server = createServer((request, response) => void this.#answer(request, response));
  readonly #cdn: Server = createServer((request, response) => void this.#serve(request, response));

  async start(): Promise<this> {
    this.endpoint = await listen(this.#hub);
    this.#cdnOrigin = await listen(this.#cdn);
    return this;
  }

  /** A plain URL of a file, without any API. */
  plainUrl(file: string): string {
    return `${this.#cdnOrigin}/cdn/${file}`;
  }

  /** The requests for bytes of files. */
  get downloads(): SeenRequest[] {
    return this.seen.filter(({ path }) => path.startsWith('/cdn/'));
  }

  async close(): Promise<void> {
    for (const server of [this.#hub, this.#cdn]) {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.endpoint);
    const path = decodeURIComponent(url.pathname);
    this.#note('hub', request);
    const failure = this.apiFault(request);
    if (failure) return void response.writeHead(failure.status, failure.headers).end();
    if (path.startsWith('/cdn/')) return this.#serveFile(request, response, path.slice('/cdn/'.length));
    const tree = /^\/api\/models\/([^/]+\/[^/]+)\/tree\/[^/]+\/?(.*)$/.exec(url.pathname);
    if (tree) return this.#tree(response, url, tree[1]!, decodeURIComponent(tree[2]!));
    const listing = /^\/api\/v1\/models\/([^/]+\/[^/]+)\/repo\/files$/.exec(path);
    if (listing) return this.#modelScopeFiles(response, listing[1]!);
    const download = /^\/api\/v1\/models\/([^/]+\/[^/]+)\/repo$/.exec(path);
    if (download) return this.#redirect(response, `${download[1]}/${url.searchParams.get('FilePath')}`, {});
    // A revision may contain slashes, which are encoded.
    const resolve = /^\/([^/]+\/[^/]+)\/resolve\/[^/]+\/(.+)$/.exec(url.pathname);
    if (resolve) return this.#resolve(request, response, decodeURIComponent(`${resolve[1]}/${resolve[2]}`));
    response.writeHead(404).end();
  }

  #resolve(request: IncomingMessage, response: ServerResponse, file: string): void {
    const bytes = this.files.get(file);
    if (!bytes) return void response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
    const headers = { 'x-repo-commit': this.commit };
    if (this.plainFiles.has(file)) {
      response.writeHead(200, { ...headers, etag: `"${gitSha1(bytes)}"`, 'content-length': bytes.length });
      return void response.end(request.method === 'HEAD' ? undefined : bytes);
    }
    this.#redirect(response, file, {
      ...headers,
      'x-linked-size': String(bytes.length),
      'x-linked-etag': `"${this.claimedSha256 ?? sha256(bytes)}"`,
      // Hugging Face's own ETag here is that of the LFS pointer.
      etag: `"${'0'.repeat(40)}"`,
    });
  }

  /** The commit of the repository; changes with the files. */
  get commit(): string {
    const all = [...this.files].map(([name, bytes]) => `${name} ${sha256(bytes)}`).join('\n');
    return gitSha1(Buffer.from(all));
  }

  #redirect(response: ServerResponse, file: string, headers: Record<string, string>): void {
    const origin = this.redirects ? this.#cdnOrigin : this.endpoint;
    response.writeHead(302, { ...headers, location: `${origin}/cdn/${file}?Signature=secret` }).end();
  }

  /** Two entries per page, with a link to the next. */
  #tree(response: ServerResponse, url: URL, repo: string, folder: string): void {
    if (!this.hasTree) return void response.writeHead(404).end();
    const prefix = folder === '' ? `${repo}/` : `${repo}/${folder}/`;
    const entries = [...this.files]
      .filter(([name]) => name.startsWith(prefix) && !name.slice(prefix.length).includes('/'))
      .map(([name, bytes]) => {
        const path = name.slice(repo.length + 1);
        const oid = gitSha1(bytes);
        if (this.plainFiles.has(name)) return { type: 'file', path, oid, size: bytes.length };
        const lfs = { oid: this.claimedSha256 ?? sha256(bytes), size: bytes.length, pointerSize: 134 };
        return { type: 'file', path, oid, size: bytes.length, lfs };
      });
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const next = new URL(url);
    next.searchParams.set('cursor', String(from + 2));
    const isLast = from + 2 >= entries.length;
    json(response, entries.slice(from, from + 2), isLast ? {} : { link: `<${next.href}>; rel="next"` });
  }

  #modelScopeFiles(response: ServerResponse, repo: string): void {
    const files = [...this.files]
      .filter(([name]) => name.startsWith(`${repo}/`))
      .map(([name, bytes]) => ({
        Name: name.split('/').at(-1),
        Path: name.slice(repo.length + 1),
        Type: 'blob',
        Size: bytes.length,
        Sha256: this.claimedSha256 ?? sha256(bytes),
        IsLFS: true,
        Revision: this.commit,
      }));
    const answer =
      files.length === 0
        ? { Code: 10010205001, Success: false, Message: 'no such repo' }
        : { Code: 200, Success: true, Data: { Files: files } };
    json(response, answer);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#note('cdn', request);
    const path = decodeURIComponent(new URL(request.url!, this.endpoint).pathname);
    await this.#serveFile(request, response, path.slice('/cdn/'.length));
  }

  async #serveFile(request: IncomingMessage, response: ServerResponse, file: string): Promise<void> {
    const bytes = this.files.get(file);
    if (!bytes) return void response.writeHead(404).end();
    const fault = this.fault(request, file) ?? {};
    if (fault.silent) return;
    if (fault.status) return void response.writeHead(fault.status, fault.headers).end();
    const etag = `"${sha256(bytes).slice(0, 32)}"`;
    const wanted = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    const condition = request.headers['if-range'];
    const isSame = condition === undefined || condition === etag || fault.ignoreIfRange === true;
    const from = wanted && isSame && !fault.ignoreRange ? Number(wanted[1]) : null;
    if (from !== null && from >= bytes.length)
      return void response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    const body = Buffer.concat([bytes.subarray(from ?? 0), Buffer.alloc(fault.extraBytes ?? 0, 7)]);
    if (fault.corruptAt !== undefined && fault.corruptAt >= (from ?? 0))
      body[fault.corruptAt - (from ?? 0)]! ^= 1;
    response.writeHead(from === null ? 200 : 206, {
      ...(fault.chunked ? {} : { 'content-length': body.length - (fault.extraBytes ?? 0) }),
      ...(from === null ? {} : { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
      ...(this.hasEtag ? { etag } : {}),
      ...fault.headers,
    });
    response.on('error', () => {});
    const end = Math.min(body.length, fault.cutAfterBytes ?? fault.endAfterBytes ?? body.length);
    const pieceBytes = fault.slow?.pieceBytes ?? 1 << 16;
    for (let at = 0; at < end && !response.destroyed; at += pieceBytes) {
      if (fault.slow) await sleep(fault.slow.pauseMs);
      await new Promise((done) => response.write(body.subarray(at, Math.min(end, at + pieceBytes)), done));
    }
    if (end < body.length && fault.endAfterBytes === undefined) response.destroy();
    else response.end();
  }

  #note(server: SeenRequest['server'], { method, url, headers }: IncomingMessage): void {
    this.seen.push({ server, method: method!, path: decodeURIComponent(url!), headers });
  }
}

function json(response: ServerResponse, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function gitSha1(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

/** A file that looks like a GGUF: the same bytes for the same seed. */
export function ggufBytes(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  let state = seed >>> 0 || 1;
  for (let at = 0; at < sizeBytes; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
  }
  bytes.write('GGUF');
  return bytes;
}
