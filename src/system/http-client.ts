import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecurely } from 'node:https';
import { connect } from 'node:net';
import { type Duplex, pipeline, type Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { HttpError, httpErrorOf } from './http-error.ts';
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
  /** Which certificates are accepted. */
  readonly trust: Trust;
}

const maxHeaderBytes = 32 * 2 ** 10;
/** Node's 250 ms per address of a name are too few for a Wi-Fi device that sleeps. */
export const attemptTimeoutMs = 2000;

/**
 * Gets addresses over HTTP/1.x from devices of a local network: one connection per request, no proxy, and lenient with
 * servers that violate the protocol. node:http, since fetch (undici) fails on servers that close the connection after the answer.
 */
export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #open = new Set<ClientRequest>();

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /** Resolves with the answer once its header is here, whatever its status. Rejects with an HttpError or the signal's reason. */
  get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    const request = this.#request(url, headers, signal);
    this.#open.add(request);
    const onAbort = (): void => void request.destroy(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const { headTimeoutMs } = this.#options;
    const timer = setTimeout(() => {
      request.destroy(new HttpError('timeout', `no answer within ${headTimeoutMs / 1000} s`));
    }, headTimeoutMs);
    request.once('response', (response) => {
      clearTimeout(timer);
      resolve(answerOf(url, response));
    });
    request.on('error', (error) => reject(signal.aborted ? signal.reason : httpErrorOf(error)));
    request.once('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      this.#open.delete(request);
    });
    request.end();
    return promise;
  }

  /** Ends all connections. May be called again. */
  close(): void {
    for (const request of this.#open) request.destroy(new HttpError('closed', 'the client is closed'));
  }

  #request(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): ClientRequest {
    const { trust } = this.#options;
    const isSecure = url.protocol === 'https:';
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const address = {
      ...{ host, port: Number(url.port) || (isSecure ? 443 : 80) },
      ...{ autoSelectFamily: true, autoSelectFamilyAttemptTimeout: attemptTimeoutMs },
    };
    // With a connection of its own a request uses no agent, and thus neither keep-alive nor $HTTP_PROXY.
    return (isSecure ? requestSecurely : requestPlain)(url, {
      headers: { ...headers, Connection: 'close' },
      maxHeaderSize: maxHeaderBytes,
      insecureHTTPParser: true,
      createConnection: (_options, onConnected: (error: Error | null, socket: Duplex) => void) => {
        if (!isSecure) return connect(address);
        connectSecurely(address, trust, signal, onConnected);
        return undefined;
      },
    });
  }
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
