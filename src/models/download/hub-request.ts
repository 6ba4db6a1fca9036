import { setTimeout as delay } from 'node:timers/promises';
import { doublingBackOffMs } from '../../domain/doubling-back-off.ts';
import { messageOf, ScenecastError } from '../../domain/errors.ts';

/** A hub, or what lies on it, could not be used. `isTemporary`: asking again later may help. */
export class HubError extends ScenecastError {
  override readonly name = 'HubError';
  readonly isTemporary: boolean;
  /** How long the server asked to be left alone, in milliseconds; null where it did not say. */
  readonly retryAfterMs: number | null;
  /** The HTTP status; null where there was no answer, or a good one. */
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

/** How hubs are reached. */
export interface HubAccess {
  /** Origins, or origins with a path, without a slash at the end. */
  readonly endpoints: Readonly<Record<'hf' | 'modelscope', string>>;
  /** Goes only to Hugging Face's own origin, never into a message. */
  readonly hfToken: string | null;
  readonly signal: AbortSignal;
  /** The first pause between attempts; it doubles up to 30 s. */
  readonly backoffMs: number;
  /** How long a server may keep silent. */
  readonly idleTimeoutMs: number;
  /** Attempts in a row that bring nothing new before giving up. */
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
  /** Where redirects are followed to: anywhere, or within the origin that was asked. */
  readonly follow: 'anywhere' | 'same-origin';
  /** Aborts this request; it must follow from the access's own signal. */
  readonly signal: AbortSignal;
}

const maxRedirects = 10;
const maxRetryAfterMs = 300_000;
const maxBackoffMs = 30_000;

/**
 * Asks a server, following redirects by hand: the token never leaves the origin that was asked, and an https
 * address never leads to an http one. With `same-origin` a redirect that leaves the origin is the answer.
 * @returns the last response, and every header of the way (later ones win), which is where Hugging Face names
 *   the digest of a file that it then redirects away from.
 * @throws HubError for network failures (temporary), and for statuses other than 2xx, 3xx and 416.
 */
export async function askHub(
  start: string,
  { method = 'GET', headers = {}, token = null, follow, signal }: Request,
): Promise<{ response: Response; wayHeaders: Headers }> {
  let url = new URL(start);
  const firstOrigin = url.origin;
  const wayHeaders = new Headers();
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
    for (const [name, value] of response.headers) wayHeaders.set(name, value);
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || response.status === 304 || location === null) {
      await refuseFailure(url, response);
      return { response, wayHeaders };
    }
    await response.body?.cancel();
    const next = new URL(location, url);
    if (follow === 'same-origin' && next.origin !== url.origin) return { response, wayHeaders };
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

async function refuseFailure(url: URL, response: Response): Promise<void> {
  const { status, headers } = response;
  // 416 is for the caller: it may mean that the part at hand is already whole.
  if ((status >= 200 && status < 400) || status === 416) return;
  await response.body?.cancel();
  const isTemporary = status === 408 || status === 425 || status === 429 || status >= 500;
  // Hugging Face says why in a header; it is not repeated where a server makes a novel of it.
  const reason = headers.get('x-error-message')?.slice(0, 200);
  const remedy =
    status === 401 || status === 403
      ? ': the repository is private, gated or not there; give a token with --token-file or HF_TOKEN if you have one'
      : status === 404
        ? ': there is no such file'
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
 * Waits before the next attempt: as long as the server asked, else 2^failures times the first pause, with jitter.
 * @throws HubError where the server asks for more than five minutes: a person decides about that.
 */
export async function pauseBefore(failures: number, error: unknown, access: HubAccess): Promise<void> {
  const asked = error instanceof HubError ? error.retryAfterMs : null;
  if (asked !== null && asked > maxRetryAfterMs)
    throw new HubError(
      `${messageOf(error)}, and asks to be left alone for ${Math.ceil(asked / 60_000)} minutes`,
      {
        cause: error,
        isTemporary: false,
      },
    );
  const bounds = { firstMs: access.backoffMs, maxMs: maxBackoffMs };
  await delay(asked ?? doublingBackOffMs(bounds, failures, [0.75, 1.25]), undefined, {
    signal: access.signal,
  });
}

/** Does it again, with pauses, as long as the failures are temporary and there are attempts left. */
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
