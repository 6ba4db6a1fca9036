import { CodedError, codeOf, messageOf } from '../domain/errors.ts';

export type HttpErrorCode =
  | 'refused' // nothing listens there
  | 'unreachable' // the network, or the name
  | 'timeout'
  | 'certificate'
  | 'tls' // the handshake failed
  | 'not http' // the answer makes no sense
  | 'cut' // the connection ended before the end of the answer
  | 'redirect' // to where it is not followed
  | 'proxy' // refuses the request
  | 'closed'; // by us

/** An address that could not be got. The message names no address, and no secret. */
export class HttpError extends CodedError<HttpErrorCode> {
  override readonly name = 'HttpError';
}

/** What an error of node:http, node:net, node:tls or node:zlib means. */
export function httpErrorOf(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  // Of a name with several addresses there is one error each.
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  const cause = first ?? error;
  const code = String(codeOf(cause) ?? '');
  const [kind, message] = meaningOf(code, messageOf(cause));
  return new HttpError(kind, message, { cause: error });
}

function meaningOf(code: string, message: string): [HttpErrorCode, string] {
  switch (code) {
    case 'ECONNREFUSED':
      return ['refused', `nothing listens there (${code})`];
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return ['unreachable', `the host name cannot be resolved (${code})`];
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
    case 'EHOSTDOWN':
      return ['unreachable', `no route or no answer (${code})`];
    case 'ECONNRESET':
    case 'EPIPE':
    case 'Z_BUF_ERROR': // a compressed body without its end
      return ['cut', `the connection was closed too early (${code})`];
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return ['tls', `it does not use TLS on this port (${code})`];
  }
  if (code.startsWith('HPE_') || code.startsWith('Z_'))
    return ['not http', `the answer is invalid (${code})`];
  if (/SSL|TLS|EPROTO/.test(code)) return ['tls', `the TLS handshake failed (${code})`];
  return ['unreachable', code === '' ? message : `${message} (${code})`];
}
