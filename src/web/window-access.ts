import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { loginSchema, type WindowSession } from '../contract/window.ts';
import { messageOf, ScenecastError } from '../domain/errors.ts';
import type { Log, SessionStore } from '../pipeline/ports.ts';
import { isFromThisMachine } from '../system/listen-address.ts';
import { Logins, type PasswordHashes } from './logins.ts';
import { checkSameOrigin } from './same-origin.ts';
import { securityHeaders } from './security-headers.ts';
import { cameByTls, sessionToken, setCookieOf } from './session-cookie.ts';
import { type Session, Sessions } from './sessions.ts';
import { WindowError } from './window-error.ts';

/** Guesses of a password must not fill the log. */
const refusalEveryMs = 60_000;
/** Without a password, all who get here may do everything. */
const open: Session = { role: 'owner', ended: new AbortController().signal };

/** Decides who may look and who may change something, and logs people in and out. */
export class WindowAccess {
  readonly #sessions: Sessions;
  readonly #passwords: (() => Promise<PasswordHashes>) | null;
  readonly #logins: Logins | null;
  readonly #log: Log;
  #lastRefusalMs = Number.NEGATIVE_INFINITY;

  /** @param passwords null: there is none, since only loopback is served */
  constructor(passwords: (() => Promise<PasswordHashes>) | null, store: SessionStore, log: Log) {
    this.#sessions = new Sessions({ store, log });
    this.#passwords = passwords;
    this.#logins = passwords && new Logins({ hashes: passwords });
    this.#log = log;
  }

  /** Whoever was logged in before the start still is. */
  async load(): Promise<void> {
    if (this.#passwords) await this.#sessions.load(await this.#passwords());
  }

  /** Checks each request of a scope before its body is read, and gives each answer its headers. */
  guard(scope: FastifyInstance): void {
    scope.addHook('onRequest', async ({ raw, headers, method, routeOptions }, reply) => {
      reply.headers(securityHeaders);
      if (!this.#logins && !isFromThisMachine(raw))
        throw new WindowError(
          403,
          'forbidden',
          'without a password, only requests from this machine to a loopback address are served; set web.password_hash',
        );
      // A link on another site may lead to the page itself. The route is asked, as an address can be written in many ways.
      const isRead = method === 'GET' || method === 'HEAD';
      const isPage = routeOptions.url?.startsWith('/window/') === false;
      if (!isRead || !isPage) checkSameOrigin(headers);
    });
  }

  /** The session of a request. @throws WindowError 401 */
  readonly mayLook = ({ headers }: Pick<FastifyRequest, 'headers'>): Session => {
    const session = this.#sessionOf(headers);
    if (session) return session;
    throw new WindowError(401, 'login', 'log in first');
  };

  /** @throws WindowError 401, or 403 for a viewer */
  readonly mayChange = (request: Pick<FastifyRequest, 'headers'>): void => {
    if (this.mayLook(request).role !== 'owner')
      throw new WindowError(403, 'forbidden', 'with this password, nothing can be changed');
  };

  session({ headers }: Pick<FastifyRequest, 'headers'>): WindowSession {
    return { role: this.#sessionOf(headers)?.role ?? null, login: this.#logins !== null };
  }

  async login(request: FastifyRequest, reply: FastifyReply): Promise<WindowSession> {
    const { body, headers, ip } = request;
    const { success, data } = loginSchema.safeParse(body);
    if (!success) throw new WindowError(400, 'invalid', 'body: must be { "password": "..." }');
    if (!this.#logins) return { role: 'owner', login: false };
    try {
      const { role, hash } = await this.#logins.check(data.password, ip);
      // Whatever token the browser had ends: it may have been given to it.
      this.#sessions.end(sessionToken(headers));
      reply.header('Set-Cookie', setCookieOf(this.#sessions.begin(role, hash), cameByTls(request)));
      return { role, login: true };
    } catch (error) {
      this.#logRefusal(ip, error);
      throw error;
    }
  }

  logout(request: FastifyRequest, reply: FastifyReply): WindowSession {
    this.#sessions.end(sessionToken(request.headers));
    reply.header('Set-Cookie', setCookieOf(null, cameByTls(request)));
    return this.#logins ? { role: null, login: true } : { role: 'owner', login: false };
  }

  /** Ends sessions that have expired. */
  sweep(): void {
    this.#sessions.sweep();
  }

  /** Resolves when the sessions have been written. */
  close(): Promise<void> {
    return this.#sessions.close();
  }

  #sessionOf(headers: FastifyRequest['headers']): Session | null {
    return this.#logins ? this.#sessions.of(sessionToken(headers)) : open;
  }

  #logRefusal(from: string, error: unknown): void {
    const now = performance.now();
    if (now - this.#lastRefusalMs < refusalEveryMs) return;
    this.#lastRefusalMs = now;
    const { cause } = error as Error;
    const reason = messageOf(cause instanceof ScenecastError ? cause : error);
    this.#log.warn({ from, reason }, 'login to the window refused');
  }
}
