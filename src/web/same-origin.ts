import type { IncomingHttpHeaders } from 'node:http';
import { WindowError } from './window-error.ts';

/**
 * Refuses requests that another site's page makes a browser send. Browsers say who asks in `Sec-Fetch-Site`, over HTTPS and
 * to loopback; elsewhere `Origin` is compared with the host that was asked, or with the one that a proxy was asked for, a
 * header that another site's page cannot set. Programs that are no browsers send neither.
 * @throws WindowError 403
 */
export function checkSameOrigin(headers: IncomingHttpHeaders): void {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  // `none`: a person typed the address.
  if (site !== undefined && site !== 'same-origin' && site !== 'none') refuse();
  if (site !== undefined || origin === undefined) return;
  const asked = hostOfOrigin(origin);
  const forwarded = headers['x-forwarded-host'];
  if (asked === null || (asked !== host?.toLowerCase() && asked !== forwarded?.toString().toLowerCase()))
    refuse();
}

/** With its port, as in a `Host` header; null for `null`, which sandboxed pages send. */
function hostOfOrigin(origin: string): string | null {
  return /^https?:\/\/([^/?#@]+)$/i.exec(origin)?.[1]?.toLowerCase() ?? null;
}

function refuse(): never {
  throw new WindowError(403, 'forbidden', 'this request comes from another site');
}
