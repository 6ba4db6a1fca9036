import { createHash, randomBytes } from 'node:crypto';
import { messageOf } from '../domain/errors.ts';
import type { KeptSession, WindowRole } from '../domain/kept-session.ts';
import type { Log, SessionStore } from '../pipeline/ports.ts';

export interface Session {
  readonly role: WindowRole;
  /** Aborts when the session ends: by logout, by age, or for a newer one. */
  readonly ended: AbortSignal;
}

export interface SessionsOptions {
  readonly store: SessionStore;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

interface OpenSession {
  kept: KeptSession;
  readonly ending: AbortController;
}

const tokenBytes = 32;
const maxSessions = 100;
/** Without a request for this long, and altogether. */
const maxIdleMs = 7 * 86_400_000;
export const maxSessionMs = 30 * 86_400_000;
/** That a session is used is written no more often. */
const noteUseMs = 86_400_000;

/**
 * Who is logged in, by a token that only the browser has: of it, a digest is kept, also across restarts. A login always makes a
 * new token, so that none that was known before can become one that counts.
 */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #now: () => number;
  /** By the digest of the token, in order of their beginning. */
  readonly #sessions = new Map<string, OpenSession>();
  #saving: Promise<void> = Promise.resolve();

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Goes on with the sessions of an earlier process. @param hashes of the passwords of today, by role; null: there is none */
  async load(hashes: Readonly<Record<WindowRole, string | null>>): Promise<void> {
    const marks = new Map(marksOf(hashes));
    for (const kept of await this.#options.store.load())
      if (marks.get(kept.role) === kept.password)
        this.#sessions.set(kept.digest, { kept, ending: new AbortController() });
    this.sweep();
  }

  /** Begins a session; returns its token. The oldest one ends if there are too many. @param hash of the password */
  begin(role: WindowRole, hash: string): string {
    this.sweep();
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size >= maxSessions && oldest !== undefined) this.#end(oldest);
    const token = randomBytes(tokenBytes).toString('base64url');
    const digest = digestOf(token);
    const now = this.#now();
    const kept = { digest, role, password: digestOf(hash), startedAtMs: now, usedAtMs: now };
    this.#sessions.set(digest, { kept, ending: new AbortController() });
    this.#save();
    return token;
  }

  /** The session of a token, which counts as used; null: there is none, or it has ended. */
  of(token: string | null): Session | null {
    const digest = token === null ? '' : digestOf(token);
    const session = this.#sessions.get(digest);
    if (!session) return null;
    const now = this.#now();
    if (hasExpired(session.kept, now)) {
      this.#end(digest);
      return null;
    }
    if (now - session.kept.usedAtMs > noteUseMs) {
      session.kept = { ...session.kept, usedAtMs: now };
      this.#save();
    }
    return { role: session.kept.role, ended: session.ending.signal };
  }

  end(token: string | null): void {
    if (token !== null) this.#end(digestOf(token));
  }

  /** Ends those that have expired. */
  sweep(): void {
    const now = this.#now();
    for (const [digest, { kept }] of this.#sessions) if (hasExpired(kept, now)) this.#end(digest);
  }

  /** Resolves when all has been written. */
  async close(): Promise<void> {
    await this.#saving;
  }

  #end(digest: string): void {
    const session = this.#sessions.get(digest);
    if (!session) return;
    this.#sessions.delete(digest);
    session.ending.abort();
    this.#save();
  }

  /** In the background: without it, people only log in again after a restart. */
  #save(): void {
    const { store, log } = this.#options;
    this.#saving = this.#saving
      .then(() => store.save([...this.#sessions.values()].map(({ kept }) => kept)))
      .catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'window sessions not saved'));
  }
}

function hasExpired({ startedAtMs, usedAtMs }: KeptSession, now: number): boolean {
  // With the use that is not written.
  return now - usedAtMs > maxIdleMs + noteUseMs || now - startedAtMs > maxSessionMs;
}

function marksOf(hashes: Readonly<Record<WindowRole, string | null>>): [string, string][] {
  return Object.entries(hashes).flatMap(([role, hash]) => (hash === null ? [] : [[role, digestOf(hash)]]));
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
