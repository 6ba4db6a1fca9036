import { createHash, randomBytes } from 'node:crypto';
import { type Challenge, challengesOf } from './http-challenge.ts';
import type { Login } from './login.ts';

/** Digest's algorithms by name in lower case, without `-sess`: names of OpenSSL. */
const hashes: Readonly<Record<string, string>> = {
  md5: 'md5',
  'sha-256': 'sha256',
  'sha-512-256': 'sha512-256',
};

/** Answers a server's challenges: Digest (RFC 7616, and RFC 2617 for servers without qop), else Basic (RFC 7617). */
export class HttpLogin {
  readonly #challenge: Challenge;
  readonly #login: Login;
  readonly #cnonce: string;
  #count = 0;

  /** @param cnonce for tests: a client nonce, the same for all requests, as `-sess` requires */
  constructor(challenge: Challenge, login: Login, cnonce = randomBytes(12).toString('base64url')) {
    this.#challenge = challenge;
    this.#login = login;
    this.#cnonce = cnonce;
  }

  /** The value of Authorization. @param uri path and query, as requested */
  authorization(uri: string, method: 'GET' | 'POST' = 'GET'): string {
    const { username, password } = this.#login;
    if (this.#challenge.scheme === 'basic')
      return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    return this.#digest(uri, method);
  }

  #digest(uri: string, method: string): string {
    const parameter = (name: string): string | undefined => this.#challenge.parameters.get(name);
    const [username, password] = [byteString(this.#login.username), byteString(this.#login.password)];
    const [realm, nonce] = [parameter('realm') ?? '', parameter('nonce') ?? ''];
    const { hash, isSession } = algorithmOf(this.#challenge)!;
    const h = (text: string): string => createHash(hash).update(text, 'latin1').digest('hex');
    const hasQop = qopsOf(this.#challenge).includes('auth');
    const nc = (++this.#count).toString(16).padStart(8, '0');
    const account = h(`${username}:${realm}:${password}`);
    const secret = isSession ? h(`${account}:${nonce}:${this.#cnonce}`) : account;
    const proof = [nonce, ...(hasQop ? [nc, this.#cnonce, 'auth'] : []), h(`${method}:${uri}`)].join(':');
    const isHashed = parameter('userhash')?.toLowerCase() === 'true';
    const fields: readonly (readonly [string, string | undefined])[] = [
      ['username', quoted(isHashed ? h(`${username}:${realm}`) : username)],
      ['realm', quoted(realm)],
      ['nonce', quoted(nonce)],
      ['uri', quoted(uri)],
      ['algorithm', parameter('algorithm')],
      ['response', quoted(h(`${secret}:${proof}`))],
      ['opaque', parameter('opaque') === undefined ? undefined : quoted(parameter('opaque')!)],
      ['qop', hasQop ? 'auth' : undefined],
      ['nc', hasQop ? nc : undefined],
      ['cnonce', hasQop || isSession ? quoted(this.#cnonce) : undefined],
      ['userhash', isHashed ? 'true' : undefined],
    ];
    const given = fields.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
    return `Digest ${given.join(', ')}`;
  }
}

/** Why no challenge can be answered. */
export type LoginFault = 'no scheme' | 'basic would be readable';

/** The login for the first Digest challenge that is supported; null: there is none. */
export function digestFor(headers: readonly string[], login: Login): HttpLogin | null {
  const challenge = challengesOf(headers).find((each) => each.scheme === 'digest' && isSupported(each));
  return challenge ? new HttpLogin(challenge, login) : null;
}

/**
 * The login for an answer with status 401: for the first Digest challenge that is supported, else for Basic. Basic sends the
 * password readably: never over http to a server that offers Digest, which could be an attacker's change of the header.
 * @param headers all values of WWW-Authenticate
 */
export function loginFor(
  headers: readonly string[],
  login: Login,
  isSecure: boolean,
): HttpLogin | LoginFault {
  const challenges = challengesOf(headers);
  const digest = digestFor(headers, login);
  if (digest) return digest;
  const basic = challenges.find(({ scheme }) => scheme === 'basic');
  if (!basic) return 'no scheme';
  const offersDigest = challenges.some(({ scheme }) => scheme === 'digest');
  return isSecure || !offersDigest ? new HttpLogin(basic, login) : 'basic would be readable';
}

/** Whether a 401 says that only the nonce is too old, and not that the login is wrong. */
export function isStale(headers: readonly string[]): boolean {
  return challengesOf(headers).some(({ parameters }) => parameters.get('stale')?.toLowerCase() === 'true');
}

function isSupported(challenge: Challenge): boolean {
  const qops = qopsOf(challenge);
  const offersAuth = qops.length === 0 || qops.includes('auth');
  return algorithmOf(challenge) !== null && offersAuth && challenge.parameters.has('nonce');
}

function qopsOf({ parameters }: Challenge): string[] {
  return (parameters.get('qop') ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((qop) => qop !== '');
}

function algorithmOf({ parameters }: Challenge): { hash: string; isSession: boolean } | null {
  const name = (parameters.get('algorithm') ?? 'md5').toLowerCase();
  const isSession = name.endsWith('-sess');
  const hash = hashes[isSession ? name.slice(0, -'-sess'.length) : name];
  return hash === undefined ? null : { hash, isSession };
}

/** UTF-8, one character per byte, as Node has and sends headers: a realm may be in any encoding. */
function byteString(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
