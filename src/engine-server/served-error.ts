import { codeOf, messageOf, ScenecastError } from '../domain/errors.ts';

export interface ServedErrorOptions extends ErrorOptions {
  /** The field at fault. */
  readonly param?: string | null;
  readonly code?: string | null;
  /** When trying again may help. */
  readonly retryAfterSeconds?: number;
}

/** A request that is not answered: its HTTP status, and a message for the client. */
export class ServedError extends ScenecastError {
  override readonly name = 'ServedError';
  readonly status: number;
  readonly param: string | null;
  readonly code: string | null;
  readonly retryAfterSeconds: number | null;

  constructor(status: number, message: string, options: ServedErrorOptions = {}) {
    super(message, options);
    this.status = status;
    this.param = options.param ?? null;
    this.code = options.code ?? null;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }

  /** As OpenAI calls the kind of error. */
  get type(): string {
    if (this.status === 401) return 'authentication_error';
    if (this.status === 429) return 'rate_limit_error';
    if (this.status < 500) return 'invalid_request_error';
    return this.status === 503 ? 'unavailable_error' : 'server_error';
  }
}

/** Faults of the request that only the engine notices. */
const requestFaults = [
  'BAD_PICTURE',
  'BAD_GRAMMAR',
  'BAD_TEMPLATE',
  'CONTEXT_FULL',
  'INVALID_ARGUMENT',
  'SAMPLE_FAILED',
];
const passing = ['BUSY', 'ENGINE_DIED', 'RESTARTED', 'CLOSED', 'DEADLINE'];

/** What an error of the engine or of fastify means to a client. */
export function servedErrorOf(error: unknown): ServedError {
  if (error instanceof ServedError) return error;
  const code = String(codeOf(error) ?? '');
  const message = messageOf(error);
  if (code === 'CONTEXT_FULL')
    return new ServedError(400, message, { code: 'context_length_exceeded', cause: error });
  if (requestFaults.includes(code)) return new ServedError(400, message, { cause: error });
  if (passing.includes(code)) return new ServedError(503, message, { retryAfterSeconds: 30, cause: error });
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new ServedError(413, 'the request is too large; send a smaller picture', { cause: error });
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new ServedError(415, 'send the request as JSON, with the header Content-Type: application/json', {
      cause: error,
    });
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new ServedError(status, message, { cause: error });
  return new ServedError(500, message, { cause: error });
}
