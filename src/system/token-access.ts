import { createHash, timingSafeEqual } from 'node:crypto';
import { isFromThisMachine, type RequestHead } from './listen-address.ts';

export interface AccessFault {
  /** 401: the token is missing or wrong. 403: the request comes from elsewhere, and there is no token. */
  readonly status: 401 | 403;
  readonly message: string;
}

/**
 * What is wrong with the token of a request, found in a time that does not depend on it; null: nothing. Without a token, only
 * requests are accepted that address the board itself: a web page could otherwise make a browser send them (DNS rebinding), or
 * a proxy pass on those of others.
 * @param token null: none is needed, as only loopback is served
 */
export function accessFault(request: RequestHead, token: string | null): AccessFault | null {
  if (token === null) {
    if (isFromThisMachine(request)) return null;
    const message = 'without a token, only requests from this machine to a loopback address are served';
    return { status: 403, message };
  }
  const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  if (timingSafeEqual(digest(given), digest(token))) return null;
  const message =
    given === '' ? 'a token is needed: Authorization: Bearer TOKEN' : 'the token is not that of this board';
  return { status: 401, message };
}

/** Of the same length for every text. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
