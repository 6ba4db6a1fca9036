import { once } from 'node:events';
import { createServer, type Server, request as send } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** A request to the proxy. */
export interface ProxiedRequest {
  /** Method and target, such as `GET http://127.0.0.1:80/x` or `CONNECT 127.0.0.1:443`. */
  readonly line: string;
  readonly authorization: string | undefined;
}

/** An HTTP proxy on loopback that notes what it is asked for. */
export class LoggingProxy {
  readonly seen: ProxiedRequest[] = [];
  /** Instead of serving a request. */
  refuse: (request: ProxiedRequest) => number | null = () => null;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((request, response) => {
    const { method, url, headers } = request;
    const status = this.#note(`${method} ${url}`, headers['proxy-authorization']);
    if (status !== null) return void response.writeHead(status).end('no');
    const { 'proxy-authorization': _login, ...others } = headers;
    const onward = send(url!, { method: method!, headers: others }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });

  async start(): Promise<this> {
    this.#server.on('connection', (socket) => this.#keep(socket));
    this.#server.on('connect', ({ url, headers }, socket: Socket) => {
      const status = this.#note(`CONNECT ${url}`, headers['proxy-authorization']);
      if (status !== null) return void socket.end(`HTTP/1.1 ${status} no\r\nContent-Length: 0\r\n\r\n`);
      const { hostname, port } = new URL(`http://${url}`);
      const onward = connect(Number(port), hostname, () => socket.write('HTTP/1.1 200 ok\r\n\r\n'));
      this.#keep(onward);
      onward.pipe(socket).pipe(onward);
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  /** Its address, with a login such as `user:password`. */
  address(login?: string): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://${login === undefined ? '' : `${login}@`}127.0.0.1:${port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  #note(line: string, authorization: string | undefined): number | null {
    this.seen.push({ line, authorization });
    return this.refuse({ line, authorization });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {}).once('close', () => this.#sockets.delete(socket));
  }
}
