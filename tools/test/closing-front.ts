import { once } from 'node:events';
import { request as send } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';

/**
 * A server on loopback that gets each answer from another one and closes the connection after it, as HTTP/1.0 servers and
 * many proxies do: header, body and end leave in one go.
 */
export class ClosingFront {
  /** How many bytes of the next body are sent before the connection is closed; null: all. */
  cutNextAfterBytes: number | null = null;
  readonly #server: Server;

  /** @param upstream the origin that answers */
  constructor(upstream: string) {
    this.#server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (bytes) => void this.#answer(upstream, bytes.toString('latin1'), socket));
    });
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
  }

  async #answer(upstream: string, head: string, socket: Socket): Promise<void> {
    const [first = '', ...lines] = head.split('\r\n');
    const [method, path] = first.split(' ');
    const headers = Object.fromEntries(
      lines.filter((line) => line.includes(': ')).map((line) => line.split(': ') as [string, string]),
    );
    const request = send(`${upstream}${path}`, {
      method: method!,
      headers: { ...headers, Connection: 'close' },
    });
    request.end();
    const [answer] = await once(request, 'response');
    const body = await buffer(answer);
    const kept = Object.entries(answer.headers as Record<string, string>).filter(
      ([name]) => !['connection', 'transfer-encoding', 'content-length', 'keep-alive'].includes(name),
    );
    const length = method === 'HEAD' ? (answer.headers['content-length'] ?? 0) : body.length;
    const sent = [...kept, ['Content-Length', length], ['Connection', 'close']];
    socket.write(
      `HTTP/1.1 ${answer.statusCode} x\r\n${sent.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    );
    const isCut = this.cutNextAfterBytes !== null && body.length > this.cutNextAfterBytes;
    socket.end(isCut ? body.subarray(0, this.cutNextAfterBytes!) : body);
    if (isCut) this.cutNextAfterBytes = null;
  }
}
