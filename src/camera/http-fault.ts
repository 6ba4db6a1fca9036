import { CameraError, messageOf } from '../domain/errors.ts';
import { shorten } from '../domain/shorten.ts';
import type { HttpAnswer } from '../system/http-client.ts';
import { HttpError, type HttpErrorCode } from '../system/http-error.ts';
import { challengesOf } from './http-challenge.ts';
import type { LoginFault } from './http-login.ts';
import { LoginRefusedError } from './login-refusal.ts';

/** Name and remedy of a request that got no answer. */
const words: Readonly<Record<HttpErrorCode, string>> = {
  refused: 'refused; check host and port',
  unreachable: 'unreachable; check the address and the network',
  timeout: 'unreachable; check the address and the network',
  certificate: 'untrusted',
  tls: 'no TLS; check the port, and whether url should begin with http://',
  'not http': 'no HTTP; check host and port',
  cut: 'ended; the camera closed the connection without an answer',
  redirect: 'redirected; set url to the final address',
  proxy: 'unreachable; check the address and the network',
  closed: 'closed',
};

/** The CameraError for a request without an answer, or with one that leads nowhere. */
export function requestError(error: unknown): CameraError {
  const name = error instanceof HttpError ? words[error.code] : words.redirect;
  return new CameraError(`${name}: ${messageOf(error)}`, { cause: error });
}

/** The CameraError for an answer with another status than 2xx. */
export function answerError({ status, statusText }: HttpAnswer, hasLogin: boolean): CameraError {
  const quoted = ` (HTTP ${status})`;
  if (status === 401)
    return new LoginRefusedError(
      hasLogin
        ? `unauthorised; check username and password_file${quoted}`
        : `unauthorised; the camera requires a login: set username and password_file${quoted}`,
    );
  if (status === 403)
    return new LoginRefusedError(
      `unauthorised; the camera forbids it: check username, password_file and the user's rights${quoted}`,
    );
  if (status === 404 || status === 410) return new CameraError(`not found; check the path in url${quoted}`);
  if (status === 503 || status === 429)
    return new CameraError(`busy; the camera has no capacity now; some serve one viewer at a time${quoted}`);
  const text = shorten(statusText.replace(/\P{ASCII}|\p{Cc}/gu, ''), 60);
  return new CameraError(`failed: the camera answered with HTTP ${status}${text === '' ? '' : ` ${text}`}`);
}

/** The CameraError for a camera whose challenges cannot be answered. */
export function loginError(fault: LoginFault, asked: readonly string[]): CameraError {
  if (fault === 'basic would be readable')
    return new LoginRefusedError(
      'unauthorised; the camera offers Digest in a form that is not supported, and Basic would send the password readably: use https',
    );
  const schemes = challengesOf(asked).map(({ scheme }) => scheme);
  const names = schemes.length === 0 ? 'none' : shorten(schemes.join(', '), 60);
  return new LoginRefusedError(
    `unauthorised; the camera asks for no login that is supported, Basic or Digest (it asks for: ${names})`,
  );
}
