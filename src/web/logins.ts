import type { WindowRole } from '../domain/kept-session.ts';
import { TokenBucket } from '../domain/token-bucket.ts';
import { isPasswordOf } from '../system/password-hash.ts';
import { WindowError } from './window-error.ts';

export interface PasswordHashes {
  readonly owner: string;
  /** null: there is no password with which one can only look. */
  readonly viewer: string | null;
}

export interface Login {
  readonly role: WindowRole;
  /** Of the password. */
  readonly hash: string;
}

export interface LoginsOptions {
  /** Read for each login, so that a new password needs no restart. Rejects if a file cannot be read. */
  readonly hashes: () => Promise<PasswordHashes>;
  /** Attempts of one address at once, and per second. */
  readonly burst?: number;
  readonly perSecond?: number;
}

const defaultBurst = 5;
const defaultPerSecond = 0.1;
/** Addresses whose attempts are counted; the one that tried first is forgotten first. */
const maxAddresses = 1000;
/** Logins that wait while one is checked: each takes time and memory. */
const maxWaiting = 4;

/** Checks passwords: few for each address, and one at a time for all. */
export class Logins {
  readonly #options: LoginsOptions;
  readonly #buckets = new Map<string, TokenBucket>();
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: LoginsOptions) {
    this.#options = options;
  }

  /** Whose password it is. @throws WindowError 401, or 429 for too many attempts */
  async check(password: string, address: string): Promise<Login> {
    if (this.#waiting >= maxWaiting || !this.#bucketOf(address).take())
      throw new WindowError(429, 'rate_limited', 'too many attempts; wait ten seconds', {
        retryAfterSeconds: 10,
      });
    this.#waiting++;
    const checking = this.#last.then(() => this.#loginOf(password));
    this.#last = checking.catch(() => {});
    try {
      const login = await checking;
      if (login === null) throw new WindowError(401, 'wrong_password', 'the password is wrong');
      return login;
    } finally {
      this.#waiting--;
    }
  }

  async #loginOf(password: string): Promise<Login | null> {
    const { owner, viewer } = await this.#options.hashes();
    // Both, so that the time does not show which one it is not.
    const isOwner = await isPasswordOf(owner, password);
    const isViewer = viewer !== null && (await isPasswordOf(viewer, password));
    if (isOwner) return { role: 'owner', hash: owner };
    return isViewer ? { role: 'viewer', hash: viewer } : null;
  }

  #bucketOf(address: string): TokenBucket {
    const { perSecond = defaultPerSecond, burst = defaultBurst } = this.#options;
    const known = this.#buckets.get(address);
    if (known) return known;
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size >= maxAddresses && oldest !== undefined) this.#buckets.delete(oldest);
    const bucket = new TokenBucket(perSecond, burst);
    this.#buckets.set(address, bucket);
    return bucket;
  }
}
