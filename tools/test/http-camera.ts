import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

export interface HttpCameraOptions {
  /** The current JPEG; a function is called for each picture. */
  readonly jpeg: () => Uint8Array;
  readonly credentials?: { readonly username: string; readonly password: string };
  readonly auth?: 'basic' | 'digest';
}

/** A camera on loopback: motion JPEG at `/stream`, one picture at `/snapshot`, and pages that are neither. */
export class HttpCamera {
  readonly #options: HttpCameraOptions;
  readonly #server: Server;
  /** While true, open streams stay open without data. */
  frozen = false;
  requests = 0;
  /** Requests with a login. */
  logins = 0;

  constructor(options: HttpCameraOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    onTestFinished(() => {
      this.#server.closeAllConnections();
      this.#server.close();
    });
  }

  address(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}/${path}`;
  }

  /** Ends every open stream cleanly. */
  hangUp(): void {
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++;
    if (request.headers.authorization !== undefined) this.logins++;
    if (!this.#mayPass(request)) {
      const realm = 'realm="camera"';
      const scheme =
        this.#options.auth === 'digest' ? `Digest ${realm}, nonce="abc", qop="auth"` : `Basic ${realm}`;
      response.writeHead(401, { 'WWW-Authenticate': scheme }).end();
      return;
    }
    const path = request.url?.split('?')[0];
    if (path === '/snapshot') response.setHeader('Content-Type', 'image/jpeg').end(this.#options.jpeg());
    else if (path === '/stream') await this.#stream(response);
    else if (path === '/page')
      response.setHeader('Content-Type', 'text/html').end('<html>no video</html>'.repeat(99));
    else response.writeHead(404).end();
  }

  async #stream(response: ServerResponse): Promise<void> {
    response.setHeader('Content-Type', 'multipart/x-mixed-replace; boundary=picture');
    while (!response.destroyed) {
      if (!this.frozen) {
        const jpeg = this.#options.jpeg();
        response.write(`--picture\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`);
        response.write(jpeg);
        response.write('\r\n');
      }
      await sleep(50);
    }
  }

  #mayPass({ headers, method, url }: IncomingMessage): boolean {
    const { credentials, auth } = this.#options;
    if (!credentials) return true;
    const given = headers.authorization ?? '';
    const { username, password } = credentials;
    if (auth !== 'digest')
      return given === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const field = (name: string): string => new RegExp(`\\b${name}="?([^",]*)`).exec(given)?.[1] ?? '';
    const user = md5(`${username}:camera:${password}`);
    const parts = [user, 'abc', field('nc'), field('cnonce'), 'auth', md5(`${method}:${url}`)];
    return field('response') === md5(parts.join(':'));
  }
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
