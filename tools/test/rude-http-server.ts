import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import { onTestFinished } from 'vitest';

/** What a client has sent: the request line and its headers, by name in lower case. */
export interface RudeRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Requests so far, this one included. */
  readonly count: number;
}

/**
 * An HTTP server on loopback that sends exactly the bytes it is told to, so that it may violate the protocol as cameras do.
 * `answer` writes to the connection and ends it when it likes.
 */
export class RudeHttpServer {
  readonly requests: RudeRequest[] = [];
  readonly sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #scheme: string;

  constructor(
    answer: (request: RudeRequest, socket: Socket) => void | Promise<void>,
    tls: { readonly key: string; readonly cert: string } | null = null,
  ) {
    const serve = (socket: Socket): void => {
      this.sockets.add(socket);
      let head = '';
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('data', (chunk) => {
        head += chunk.toString('latin1');
        if (!head.endsWith('\r\n\r\n')) return;
        const [line = '', ...lines] = head.trimEnd().split('\r\n');
        head = '';
        const headers = Object.fromEntries(
          lines.map((each) => [each.split(':')[0]!.toLowerCase(), each.slice(each.indexOf(':') + 1).trim()]),
        );
        const request = { path: line.split(' ')[1] ?? '', headers, count: this.requests.length + 1 };
        this.requests.push(request);
        void answer(request, socket);
      });
    };
    this.#scheme = tls ? 'https' : 'http';
    this.#server = tls ? createSecureServer(tls, serve) : createServer(serve);
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    onTestFinished(() => this.close());
    return this;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  address(path = '/', host = '127.0.0.1'): string {
    return `${this.#scheme}://${host}:${this.port}${path}`;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
  }
}

/** An HTTP answer: its header, and its body if there is one. */
export function httpAnswer(
  body: Uint8Array | string = '',
  headers: readonly string[] = ['Content-Type: image/jpeg', `Content-Length: ${body.length}`],
  status = '200 OK',
): Buffer {
  const head = [`HTTP/1.1 ${status}`, ...headers, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head), Buffer.from(body)]);
}
