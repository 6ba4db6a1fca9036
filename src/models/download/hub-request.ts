import { setTimeout as delay } from 'node:timers/promises';
import { doublingBackOffMs } from '../../domain/doubling-back-off.ts';
import { messageOf, ScenecastError } from '../../domain/errors.ts';

/** A hub or a file on it failed. `isTemporary`: a later retry may succeed. */
export class HubError extends ScenecastError {
  override readonly name = 'HubError';
  readonly isTemporary: boolean;
  /** The server's Retry-After; null if it sent none. */
  readonly retryAfterMs: number | null;
  /** The HTTP status; null without a response, or with a good one. */
  readonly status: number | null;
  constructor(message: string, options: HubErrorOptions) {
    super(message, options);
    this.isTemporary = options.isTemporary;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.status = options.status ?? null;
  }
}

interface HubErrorOptions extends ErrorOptions {
  readonly isTemporary: boolean;
  readonly retryAfterMs?: number | null;
  readonly status?: number;
}

/** Settings for requests to hubs. */
export interface HubAccess {
  /** Origins, or origins with a path, without a slash at the end. */
  readonly endpoints: Readonly<Record<'hf' | 'modelscope', string>>;
  /** Sent to Hugging Face's own origin only; never in a message. */
  readonly hfToken: string | null;
  readonly signal: AbortSignal;
  /** The first pause between attempts; it doubles up to 30 s. */
  readonly backoffMs: number;
  /** Max time without data. */
  readonly idleTimeoutMs: number;
  /** Max attempts in a row without progress. */
  readonly attempts: number;
}

export const defaultHubAccess = {
  endpoints: { hf: 'https://huggingface.co', modelscope: 'https://modelscope.cn' },
  hfToken: null,
  backoffMs: 500,
  idleTimeoutMs: 60_000,
  attempts: 8,
} as const satisfies Omit<HubAccess, 'signal'>;

interface Request {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a bearer token to the first origin only. */
  readonly token?: string | null;
  /** Follow redirects anywhere, or within the first origin only. */
  readonly follow: 'anywhere' | 'same-origin';
  /** Aborts this request; must depend on the access's own signal. */
  readonly signal: AbortSignal;
}

const maxRedirects = 10;
const maxRetryAfterMs = 300_000;
const maxBackoffMs = 30_000;

/**
 * Sends a request and follows redirects itself: the token never leaves the first origin, and an https address never
 * leads to an http one. With `same-origin` a redirect to another origin is returned as the response.
 * @returns the last response, and the headers of all responses (later ones win): Hugging Face sends a file's digest in
 *   the redirect.
 * @throws HubError for network failures (temporary), and for statuses other than 2xx, 3xx and 416.
 */
export async function requestHub(
  start: string,
  { method = 'GET', headers = {}, token = null, follow, signal }: Request,
): Promise<{ response: Response; allHeaders: Headers }> {
  let url = new URL(start);
  const firstOrigin = url.origin;
  const allHeaders = new Headers();
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await fetchOnce(url, {
      method,
      redirect: 'manual',
      signal,
      headers: {
        'accept-encoding': 'identity',
        'user-agent': 'scenecast',
        ...headers,
        ...(token !== null && url.origin === firstOrigin ? { authorization: `Bearer ${token}` } : {}),
      },
    });
    for (const [name, value] of response.headers) allHeaders.set(name, value);
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || response.status === 304 || location === null) {
      await throwOnFailure(url, response);
      return { response, allHeaders };
    }
    await response.body?.cancel();
    const next = new URL(location, url);
    if (follow === 'same-origin' && next.origin !== url.origin) return { response, allHeaders };
    if (next.protocol !== 'https:' && (url.protocol === 'https:' || next.protocol !== 'http:'))
      throw new HubError(
        `${url.host} redirects to ${next.protocol}//${next.host}, which is not safe to follow`,
        {
          isTemporary: false,
        },
      );
    url = next;
  }
  throw new HubError(`${new URL(start).host} redirects more than ${maxRedirects} times`, {
    isTemporary: false,
  });
}

async function fetchOnce(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    init.signal?.throwIfAborted();
    const { cause: reason } = cause as { cause?: unknown };
    throw new HubError(`${url.host} cannot be reached: ${messageOf(reason ?? cause)}`, {
      cause,
      isTemporary: true,
    });
  }
}

async function throwOnFailure(url: URL, response: Response): Promise<void> {
  const { status, headers } = response;
  // The caller handles 416: it may mean that the part is already complete.
  if ((status >= 200 && status < 400) || status === 416) return;
  await response.body?.cancel();
  const isTemporary = status === 408 || status === 425 || status === 429 || status >= 500;
  // Hugging Face sends the reason in a header; limit its length.
  const reason = headers.get('x-error-message')?.slice(0, 200);
  const remedy =
    status === 401 || status === 403
      ? ': the repository is private, gated or missing; if you have a token, give it with --token-file or HF_TOKEN'
      : status === 404
        ? ': no such file'
        : '';
  throw new HubError(
    `${url.host}${url.pathname} answered ${status}${reason ? ` (${reason})` : ''}${remedy}`,
    { isTemporary, status, retryAfterMs: retryAfterOf(headers.get('retry-after')) },
  );
}

/** Reads Retry-After (RFC 9110, 10.2.3: seconds or a date) as milliseconds from `nowMs`. */
export function retryAfterOf(value: string | null, nowMs = Date.now()): number | null {
  if (value === null) return null;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}

/**
 * Waits before the next attempt: the server's Retry-After, else 2^failures times the first pause, with jitter.
 * @throws HubError if the server asks for more than five minutes: leave that decision to people.
 */
export async function pauseBefore(failures: number, error: unknown, access: HubAccess): Promise<void> {
  const retryAfterMs = error instanceof HubError ? error.retryAfterMs : null;
  if (retryAfterMs !== null && retryAfterMs > maxRetryAfterMs)
    throw new HubError(
      `${messageOf(error)}; the server asks to retry after ${Math.ceil(retryAfterMs / 60_000)} minutes`,
      {
        cause: error,
        isTemporary: false,
      },
    );
  const bounds = { firstMs: access.backoffMs, maxMs: maxBackoffMs };
  await delay(retryAfterMs ?? doublingBackOffMs(bounds, failures, [0.75, 1.25]), undefined, {
    signal: access.signal,
  });
}

/** Retries with pauses while failures are temporary and attempts are left. */
export async function withRetries<T>(access: HubAccess, attempt: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof HubError && error.isTemporary) || failures + 1 >= access.attempts) throw error;
      await pauseBefore(failures, error, access);
    }
  }
}
