import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { maxSessionMs } from './sessions.ts';

const name = 'scenecast_session';
const pattern = new RegExp(`(?:^|;\\s*)${name}=([A-Za-z0-9_-]{43})(?:;|$)`);

/** The token that a browser sends; null: it sends none. */
export function sessionToken({ cookie }: Pick<IncomingHttpHeaders, 'cookie'>): string | null {
  return pattern.exec(cookie ?? '')?.[1] ?? null;
}

/**
 * Gives a browser a token, which scripts cannot read and other sites cannot send; null: takes it away.
 * @param isSecure the browser uses TLS, and never sends the token without. Without TLS, browsers do not take such cookies
 */
export function setCookieOf(token: string | null, isSecure: boolean): string {
  const maxAge = token === null ? 0 : Math.floor(maxSessionMs / 1000);
  return `${name}=${token ?? ''}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}${isSecure ? '; Secure' : ''}`;
}

/** Whether a request came with TLS, to this server or, as it says, to the proxy in front; of several, the first one. */
export function cameByTls({ headers, protocol }: Pick<FastifyRequest, 'headers' | 'protocol'>): boolean {
  const forwarded = headers['x-forwarded-proto']?.toString().split(',', 1)[0];
  return protocol === 'https' || forwarded?.trim().toLowerCase() === 'https';
}
