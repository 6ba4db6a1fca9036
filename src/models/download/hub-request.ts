import type { Readable } from 'node:stream';
import { messageOf } from '../../domain/errors.ts';
import { discardBody, type HttpAnswer, HttpClient } from '../../system/http-client.ts';
import { HttpError, type HttpErrorCode } from '../../system/http-error.ts';
import type { HttpProxy } from '../../system/http-proxy.ts';
import { HubError } from './hub-error.ts';

/** Settings for requests to hubs. */
export interface HubAccess {
  /** Origins, or origins with a path, without a slash at the end. */
  readonly endpoints: Readonly<Record<'hf' | 'modelscope', string>>;
  /** Sent to Hugging Face's own origin only; never in a message. */
  readonly hfToken: string | null;
  /** The proxy for an address; null: none. */
  readonly proxyFor: (url: URL) => HttpProxy | null;
  readonly signal: AbortSignal;
  /** The first pause between attempts; it doubles up to 30 s. */
  readonly backoffMs: number;
  /** Max time without data. */
  readonly idleTimeoutMs: number;
  /** Max attempts in a row without progress. */
  readonly attempts: number;
  /** Called before each new attempt, with the reason. */
  readonly onRetry: (reason: string) => void;
}

export const defaultHubAccess = {
  endpoints: { hf: 'https://huggingface.co', modelscope: 'https://modelscope.cn' },
  hfToken: null,
  proxyFor: () => null,
  backoffMs: 500,
  idleTimeoutMs: 60_000,
  attempts: 8,
  onRetry: () => {},
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

/** The last answer to a request. The caller reads or destroys its body. */
export interface HubAnswer {
  readonly status: number;
  /** The first value of a header; null: it has none. */
  header(name: string): string | null;
  /** The same, of the redirects too: Hugging Face sends a file's digest with one. */
  headerOnTheWay(name: string): string | null;
  readonly body: Readable;
}

const headTimeoutMs = 30_000;
const maxRedirects = 10;
/** Trying again cannot help. */
const permanent: readonly HttpErrorCode[] = ['certificate', 'tls', 'proxy'];

/**
 * Sends a request and follows redirects itself: the token never leaves the first origin, and an https address never
 * leads to an http one. With `same-origin` a redirect to another origin is returned as the answer.
 * @throws HubError for network failures (mostly temporary), and for statuses other than 2xx, 3xx and 416.
 */
export async function requestHub(start: string, request: Request, access: HubAccess): Promise<HubAnswer> {
  const client = new HttpClient({ headTimeoutMs, trust: null, proxyFor: access.proxyFor });
  const firstOrigin = new URL(start).origin;
  const answers: HttpAnswer[] = [];
  for (let url = new URL(start); answers.length <= maxRedirects; ) {
    const answer = await ask(client, url, url.origin === firstOrigin, request);
    answers.unshift(answer);
    const target = targetOf(answer);
    if (!target || (request.follow === 'same-origin' && target.origin !== url.origin)) {
      throwOnFailure(answer);
      return {
        status: answer.status,
        header: (name) => answer.header(name)[0] ?? null,
        headerOnTheWay: (name) => answers.flatMap((each) => each.header(name))[0] ?? null,
        body: answer.body,
      };
    }
    discardBody(answer);
    requireSafe(url, target);
    url = target;
  }
  throw new HubError(`${new URL(start).host} redirects more than ${maxRedirects} times`, {
    isTemporary: false,
  });
}

async function ask(
  client: HttpClient,
  url: URL,
  isFirstOrigin: boolean,
  { method = 'GET', headers = {}, token = null, signal }: Request,
): Promise<HttpAnswer> {
  const sent = {
    'Accept-Encoding': 'identity',
    'User-Agent': 'scenecast',
    ...headers,
    ...(token !== null && isFirstOrigin ? { Authorization: `Bearer ${token}` } : {}),
  };
  try {
    return await (method === 'HEAD' ? client.head(url, sent, signal) : client.get(url, sent, signal));
  } catch (cause) {
    signal.throwIfAborted();
    if (!(cause instanceof HttpError)) throw cause;
    throw new HubError(`${url.host} cannot be reached: ${cause.message}`, {
      cause,
      isTemporary: !permanent.includes(cause.code),
      isOffline: cause.code === 'unreachable',
    });
  }
}

/** Where a redirect leads; null: the answer is none. */
function targetOf({ url, status, header }: HttpAnswer): URL | null {
  const [location] = header('location');
  if (status < 300 || status >= 400 || status === 304 || location === undefined) return null;
  try {
    return new URL(location, url);
  } catch (cause) {
    throw new HubError(`${url.host} redirects to an invalid address: ${messageOf(cause)}`, {
      cause,
      isTemporary: false,
    });
  }
}

function requireSafe(from: URL, to: URL): void {
  if (to.protocol === 'https:' || (from.protocol === 'http:' && to.protocol === 'http:')) return;
  throw new HubError(`${from.host} redirects to ${to.protocol}//${to.host}, which is not safe to follow`, {
    isTemporary: false,
  });
}

function throwOnFailure(answer: HttpAnswer): void {
  const { url, status } = answer;
  // The caller handles 416: it may mean that the part is already complete.
  if ((status >= 200 && status < 400) || status === 416) return;
  discardBody(answer);
  const isTemporary = status === 408 || status === 425 || status === 429 || status >= 500;
  // Hugging Face sends the reason in a header; limit its length.
  const reason = answer.header('x-error-message')[0]?.slice(0, 200);
  const remedy =
    status === 401 || status === 403
      ? ': the repository is private, gated or missing; if you have a token, give it with --token-file or HF_TOKEN'
      : status === 404
        ? ': no such file'
        : '';
  throw new HubError(
    `${url.host}${url.pathname} answered ${status}${reason ? ` (${reason})` : ''}${remedy}`,
    { isTemporary, status, retryAfterMs: retryAfterOf(answer.header('retry-after')[0] ?? null) },
  );
}

/** Reads Retry-After (RFC 9110, 10.2.3: seconds or a date) as milliseconds from `nowMs`. */
export function retryAfterOf(value: string | null, nowMs = Date.now()): number | null {
  if (value === null) return null;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}
