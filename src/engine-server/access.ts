import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isFromThisMachine } from '../system/listen-address.ts';
import { ServedError } from './served-error.ts';

/**
 * Checks the token of a request, in a time that does not depend on it. Without a token, only requests are accepted that
 * address the board itself: a web page could otherwise make a browser send them (DNS rebinding), or a proxy pass on those of
 * others.
 * @param token null: none is needed, as only loopback is served
 * @throws ServedError 401 or 403
 */
export function checkAccess(headers: IncomingHttpHeaders, token: string | null): void {
  if (token === null) {
    if (isFromThisMachine(headers)) return;
    throw new ServedError(
      403,
      'without a token, only requests from this machine to a loopback address are served',
    );
  }
  const given = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1] ?? '';
  if (timingSafeEqual(digest(given), digest(token))) return;
  const message =
    given === '' ? 'a token is needed: Authorization: Bearer TOKEN' : 'the token is not that of this board';
  throw new ServedError(401, message, { code: 'invalid_api_key' });
}

/** Of the same length for every text. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
