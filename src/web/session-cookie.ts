import type { IncomingHttpHeaders } from 'node:http';
import { maxSessionMs } from './sessions.ts';

const name = 'scenecast_session';
const pattern = new RegExp(`(?:^|;\\s*)${name}=([A-Za-z0-9_-]{43})(?:;|$)`);

/** The token that a browser sends; null: it sends none. */
export function sessionToken({ cookie }: Pick<IncomingHttpHeaders, 'cookie'>): string | null {
  return pattern.exec(cookie ?? '')?.[1] ?? null;
}

/** Gives a browser a token, which scripts cannot read and other sites cannot send; null: takes it away. */
export function setCookieOf(token: string | null, headers: IncomingHttpHeaders): string {
  // A proxy with TLS says so. Without TLS, browsers do not take cookies that are marked as secure.
  const secure = headers['x-forwarded-proto'] === 'https' ? '; Secure' : '';
  const maxAge = token === null ? 0 : Math.floor(maxSessionMs / 1000);
  return `${name}=${token ?? ''}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}${secure}`;
}
