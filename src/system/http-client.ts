import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as requestSecurely } from 'node:https';
import { connect, Socket } from 'node:net';
import { type Duplex, pipeline, type Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { HttpError, httpErrorOf } from './http-error.ts';
import { bareHost, type HttpProxy, openTunnel, proxyHeaders, proxyRefusal } from './http-proxy.ts';
import { requestPlain } from './plain-http.ts';
import { attemptTimeoutMs } from './slow-addresses.ts';
import { connectSecurely, type Trust } from './trusted-tls.ts';

export interface HttpAnswer {
  /** The address that was asked. */
  readonly url: URL;
  readonly status: number;
  readonly statusText: string;
  /** Each value of a header, by its name in lower case. */
  header(name: string): readonly string[];
  /** Without content encoding. Emits an error if the connection ends before the body; destroying it ends the connection. */
  readonly body: Readable;
}

export interface HttpClientOptions {
  /** From the start of a request to the end of the answer's header. */
  readonly headTimeoutMs: number;
  /** Which certificates are accepted; null: those of Node's authorities. */
  readonly trust: Trust | null;
  /** The proxy for an address; null: none. */
  readonly proxyFor?: (url: URL) => HttpProxy | null;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

const maxHeaderBytes = 32 * 2 ** 10;
const trying = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: attemptTimeoutMs } as const;

/**
 * Requests over HTTP/1.x: one connection per request, and lenient with servers that violate the protocol. node:http,
 * since fetch fails on servers that close the connection after the answer
 * (https://github.com/nodejs/undici/issues/5360).
 */
export class HttpClient {
  readonly #options: HttpClientOptions;
  /** Ends each open request. */
  readonly #open = new Set<(reason: Error) => void>();

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /** Resolves with the answer once its header is here, whatever its status. Rejects with an HttpError or the signal's reason. */
  get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> {
    return this.#ask('GET', url, headers, signal);
  }

  /**
   * As `get`, with a body: JSON, unless the headers give another Content-Type. The time for the header includes what the
   * server takes to work on it.
   */
  post(
    url: URL,
    headers: Readonly<Record<string, string>>,
    text: string,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const body = Buffer.from(text);
    const sent = { 'Content-Type': 'application/json', 'Content-Length': String(body.length), ...headers };
    return this.#ask('POST', url, sent, signal, body);
  }

  /** As `get`, for an answer without a body. */
  head(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> {
    return this.#ask('HEAD', url, headers, signal);
  }

  /** Ends all connections. May be called again. */
  close(): void {
    for (const end of this.#open) end(new HttpError('closed', 'the client is closed'));
  }

  #ask(
    method: 'GET' | 'HEAD' | 'POST',
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    body?: Buffer,
  ): Promise<HttpAnswer> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    const { headTimeoutMs, proxyFor } = this.#options;
    const proxy = proxyFor?.(url) ?? null;
    // Before it has a connection, a destroyed request reports nothing: what connects has to be stopped as well.
    const stop = new AbortController();
    const request = this.#request(method, url, headers, proxy, stop.signal);
    const end = (reason: Error): void => {
      stop.abort(reason);
      request.destroy(reason);
    };
    const onAbort = (): void => end(signal.reason);
    this.#open.add(end);
    signal.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(
      () => end(new HttpError('timeout', `no answer within ${headTimeoutMs / 1000} s`)),
      headTimeoutMs,
    );
    request.once('response', (response) => {
      clearTimeout(timer);
      if (proxy && response.statusCode === 407) end(proxyRefusal(proxy, 407));
      else resolve(answerOf(url, response));
    });
    // Node emits no `close` if there was no connection.
    const release = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      this.#open.delete(end);
    };
    request.on('error', (error) => {
      release();
      const fault = stop.signal.aborted ? stop.signal.reason : httpErrorOf(error);
      reject(proxy && !signal.aborted ? viaProxy(proxy, httpErrorOf(fault)) : fault);
    });
    request.once('close', release);
    request.end(body);
    return promise;
  }

  #request(
    method: string,
    url: URL,
    headers: Readonly<Record<string, string>>,
    proxy: HttpProxy | null,
    signal: AbortSignal,
  ): ClientRequest {
    const { trust } = this.#options;
    const isSecure = url.protocol === 'https:';
    const target = {
      host: bareHost(url.hostname),
      port: Number(url.port) || (isSecure ? 443 : 80),
    };
    const isForwarded = proxy !== null && !isSecure;
    // With a connection of its own a request uses no agent, and thus neither keep-alive nor Node's own proxies.
    return (isSecure ? requestSecurely : requestPlain)(url, {
      method,
      headers: { ...headers, ...(isForwarded && proxyHeaders(proxy)), Connection: 'close' },
      ...(isForwarded && { path: `${url.origin}${url.pathname}${url.search}` }),
      maxHeaderSize: maxHeaderBytes,
      insecureHTTPParser: true,
      createConnection: (_options, onConnected: (error: Error | null, socket: Duplex) => void) => {
        if (!proxy && !isSecure) return connect({ ...target, ...trying });
        if (!proxy) connectSecurely({ ...target, ...trying }, trust, signal, onConnected);
        else
          connectThrough(proxy, target, isSecure, trust, signal).then(
            (socket) => onConnected(null, socket),
            (error) => onConnected(error, new Socket()),
          );
        return undefined;
      },
    });
  }
}

/** Connects to a proxy and, for TLS, through it to the target. */
async function connectThrough(
  proxy: HttpProxy,
  target: Target,
  isSecure: boolean,
  trust: Trust | null,
  signal: AbortSignal,
): Promise<Duplex> {
  const address = { host: proxy.host, port: proxy.port, ...trying };
  const socket = proxy.isSecure ? await securely(address, null, signal) : connect(address);
  if (!isSecure) return socket;
  const tunnel = await openTunnel(proxy, socket, target, signal);
  return securely({ ...target, socket: tunnel }, trust, signal);
}

function securely(
  address: Parameters<typeof connectSecurely>[0],
  trust: Trust | null,
  signal: AbortSignal,
): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  connectSecurely(address, trust, signal, (error, socket) => (error ? reject(error) : resolve(socket)));
  return promise;
}

function viaProxy({ host, port }: HttpProxy, error: HttpError): HttpError {
  if (error.code === 'proxy' || error.code === 'closed') return error;
  return new HttpError(error.code, `through the proxy ${host}:${port}: ${error.message}`, { cause: error });
}

function answerOf(url: URL, response: IncomingMessage): HttpAnswer {
  return {
    url,
    status: response.statusCode!,
    statusText: response.statusMessage ?? '',
    header: (name) => response.headersDistinct[name] ?? [],
    body: decoded(response),
  };
}

function decoded(response: IncomingMessage): Readable {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase();
  const decoder = /^(x-)?gzip$/.test(encoding ?? '')
    ? createGunzip()
    : encoding === 'deflate'
      ? createInflate()
      : null;
  // The reader sees an error of either as one of the decoder.
  return decoder ? pipeline(response, decoder, () => {}) : response;
}

/** Ends the connection of an answer whose body is not read: it serves no other request. */
export function discardBody({ body }: Pick<HttpAnswer, 'body'>): void {
  body.on('error', () => {}).destroy();
}

/**
 * Where a redirect of a host leads; null: the answer is none. Only to the same host, since a login belongs to it, and
 * never from https to http. @throws HttpError
 */
export function redirectTarget({ url, status, header }: HttpAnswer): URL | null {
  const [location] = header('location');
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return null;
  if (!URL.canParse(location, url.href))
    throw new HttpError('redirect', 'it redirects to an invalid address');
  const target = new URL(location, url);
  if (!/^https?:$/.test(target.protocol) || target.hostname !== url.hostname)
    throw new HttpError('redirect', `it redirects to another host, ${target.protocol}//${target.host}`);
  if (url.protocol === 'https:' && target.protocol === 'http:')
    throw new HttpError('redirect', 'it redirects from https to http');
  target.username = '';
  target.password = '';
  return target;
}
