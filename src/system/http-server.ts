import { once } from 'node:events';
import type { Server } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { fastify as Fastify, FastifyInstance } from 'fastify';
import { doublingBackOffMs } from '../domain/doubling-back-off.ts';
import { codeOf, messageOf } from '../domain/errors.ts';
import type { KeyPair } from './key-pair.ts';
import type { ListenAddress } from './listen-address.ts';
import type { ServerCertificate } from './server-certificate.ts';

/** Registers routes, in a scope of their own: hooks, parsers and error handlers do not reach those of others. */
export type Routes = (scope: FastifyInstance) => void | Promise<void>;

interface ServerLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface HttpServerOptions {
  readonly listen: ListenAddress;
  /** With it, the server speaks TLS and nothing else. Default: none. */
  readonly certificate?: ServerCertificate | null | undefined;
  readonly log: ServerLog;
  /** A request that has not arrived as a whole by then is refused. Default: one minute. */
  readonly requestTimeoutMs?: number;
}

const headersTimeoutMs = 10_000;
/** Each open page of the window keeps one, and loads with a few more. */
const maxConnections = 256;
/** At boot the address may not be there yet, or still belong to a process that is ending. */
const listenBackOff = { firstMs: 500, maxMs: 60_000 } as const;

/**
 * The daemon's HTTP server for one address. Those who use it add their routes before it starts. fastify is loaded at the
 * start, so that a daemon without a server does not pay for it.
 */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #routes: Routes[] = [];
  readonly #closing = new AbortController();
  #app: FastifyInstance | null = null;
  #listening: Promise<void> = Promise.resolve();

  constructor(options: HttpServerOptions) {
    this.#options = options;
  }

  /** Before `start`. */
  use(routes: Routes): void {
    this.#routes.push(routes);
  }

  /**
   * Begins to listen, and tries again if the address cannot be had; resolves at once.
   * @throws ConfigError if its certificate cannot be used
   */
  async start(): Promise<void> {
    const { certificate } = this.#options;
    const [pair, { fastify }] = await Promise.all([certificate?.read() ?? null, import('fastify')]);
    this.#closing.signal.throwIfAborted();
    const app = appOf(fastify, pair, this.#options);
    certificate?.watch((renewed) => (app.server as Server).setSecureContext(renewed));
    this.#app = app;
    app.server.maxConnections = maxConnections;
    for (const routes of this.#routes) app.register(async (scope) => routes(scope));
    await app.ready();
    this.#listening = this.#listen(app);
  }

  /** Ends all connections. May be called again. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('Scenecast is stopping'));
    this.#options.certificate?.close();
    const app = this.#app;
    this.#app = null;
    if (!app) return;
    await this.#listening;
    if (app.server.listening) {
      const closed = once(app.server, 'close');
      app.server.close();
      app.server.closeAllConnections();
      await closed;
    }
    await app.close();
  }

  async #listen({ server }: FastifyInstance): Promise<void> {
    const { listen, certificate, log } = this.#options;
    const address = { ...listen, tls: Boolean(certificate) };
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        server.listen({ host: listen.host === 'localhost' ? '127.0.0.1' : listen.host, port: listen.port });
        await once(server, 'listening', { signal });
        log.info(address, 'HTTP server listening');
        return;
      } catch (error) {
        if (signal.aborted) return;
        const backOffMs = doublingBackOffMs(listenBackOff, failures);
        const fields = { ...address, reason: reasonOf(error), backOffMs };
        if (failures === 0) log.error(fields, 'HTTP server cannot listen; trying again');
        else log.debug(fields, 'HTTP server cannot listen; trying again');
        await sleep(backOffMs, undefined, { signal }).catch(() => {});
      }
    }
  }
}

function appOf(
  fastify: typeof Fastify,
  pair: KeyPair | null,
  { requestTimeoutMs = 60_000 }: HttpServerOptions,
): FastifyInstance {
  const options = {
    logger: false,
    requestTimeout: requestTimeoutMs,
    // Clients that use a connection again at the moment at which it is closed see an error.
    keepAliveTimeout: 72_000,
  };
  const http = {
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
    // How often Node looks for requests that are late.
    connectionsCheckingInterval: Math.min(5000, requestTimeoutMs),
  };
  if (pair === null) return fastify({ ...options, http });
  const https = { ...http, ...pair, handshakeTimeout: headersTimeoutMs };
  // A server with TLS has the same methods.
  return fastify({ ...options, https }) as unknown as FastifyInstance;
}

function reasonOf(error: unknown): string {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return 'another program listens there; choose another port';
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address';
    case 'EACCES':
      return 'ports below 1024 need a privilege; choose another port';
    default:
      return messageOf(error);
  }
}
