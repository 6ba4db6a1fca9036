import type { CameraError } from '../domain/errors.ts';
import { discardBody, type HttpAnswer, type HttpClient, redirectTarget } from '../system/http-client.ts';
import { answerError, loginError, requestError } from './http-fault.ts';
import { type HttpLogin, isStale, loginFor } from './http-login.ts';
import type { Login } from './login.ts';

const maxRedirects = 5;

const headers = {
  Accept: 'image/jpeg, multipart/x-mixed-replace, image/png;q=0.8, image/webp;q=0.8, */*;q=0.5',
  'Accept-Encoding': 'identity',
  'User-Agent': 'scenecast',
} as const;

/** Gets one address of a camera: follows redirects within its host, and logs in. */
export class HttpFetch {
  readonly #url: URL;
  /** Answers the newest challenge. Kept, since it also serves the next requests, which then need not be refused first. */
  #kept: { readonly login: Login; readonly answering: HttpLogin } | null = null;

  constructor(url: URL) {
    this.#url = url;
  }

  /** Resolves with an answer of status 2xx. Rejects with a CameraError that begins with a reason. */
  async open(client: HttpClient, login: Login | null, signal: AbortSignal): Promise<HttpAnswer> {
    if (this.#kept?.login.password !== login?.password) this.#kept = null;
    let url = this.#url;
    let challenges = 0;
    for (let redirects = 0; redirects <= maxRedirects; ) {
      const answer = await this.#get(client, url, signal);
      if (answer.status >= 200 && answer.status < 300) return answer;
      discardBody(answer);
      const target = targetOf(answer);
      if (target) {
        url = target;
        redirects++;
        continue;
      }
      // With the login of an earlier look, a 401 may only mean that its nonce is too old.
      const mayAnswer = challenges === 0 || (challenges === 1 && isStale(answer.header('www-authenticate')));
      this.#kept = null;
      if (answer.status !== 401 || !login || !mayAnswer) throw answerError(answer, login !== null);
      this.#kept = { login, answering: answeringOf(answer, login) };
      challenges++;
    }
    throw tooManyRedirects();
  }

  async #get(client: HttpClient, url: URL, signal: AbortSignal): Promise<HttpAnswer> {
    const authorization = this.#kept?.answering.authorization(`${url.pathname}${url.search}`);
    try {
      return await client.get(
        url,
        { ...headers, ...(authorization !== undefined && { Authorization: authorization }) },
        signal,
      );
    } catch (error) {
      signal.throwIfAborted();
      throw requestError(error);
    }
  }
}

function targetOf(answer: HttpAnswer): URL | null {
  try {
    return redirectTarget(answer);
  } catch (error) {
    throw requestError(error);
  }
}

function answeringOf(answer: HttpAnswer, login: Login): HttpLogin {
  const asked = answer.header('www-authenticate');
  const answering = loginFor(asked, login, answer.url.protocol === 'https:');
  if (typeof answering === 'string') throw loginError(answering, asked);
  return answering;
}

function tooManyRedirects(): CameraError {
  return requestError(new Error(`more than ${maxRedirects} redirects`));
}
