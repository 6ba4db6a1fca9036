import { CommandError, codeOf, messageOf, ScenecastError } from '../domain/errors.ts';

export interface WindowErrorOptions extends ErrorOptions {
  readonly retryAfterSeconds?: number;
}

/** A request of the page that is refused: its HTTP status, and a word for programs. */
export class WindowError extends ScenecastError {
  override readonly name = 'WindowError';
  readonly status: number;
  readonly code: string;
  readonly retryAfterSeconds: number | null;

  constructor(status: number, code: string, message: string, options: WindowErrorOptions = {}) {
    super(message, options);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }
}

const statuses: Readonly<Record<CommandError['code'], number>> = {
  invalid: 400,
  unknown: 404,
  failed: 502,
  expired: 504,
};

/** What an error of a command or of fastify means to the page. */
export function windowErrorOf(error: unknown): WindowError {
  if (error instanceof WindowError) return error;
  const message = messageOf(error);
  if (error instanceof CommandError)
    return new WindowError(statuses[error.code], error.code, message, { cause: error });
  if (codeOf(error) === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new WindowError(413, 'invalid', 'the request is too large', { cause: error });
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new WindowError(status, 'invalid', message, { cause: error });
  // The message may name a file, and who asked may not be logged in.
  return new WindowError(500, 'failed', 'something went wrong; see the log', { cause: error });
}
