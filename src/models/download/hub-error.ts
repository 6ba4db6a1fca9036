import { ScenecastError } from '../../domain/errors.ts';

interface HubErrorOptions extends ErrorOptions {
  readonly isTemporary: boolean;
  readonly isOffline?: boolean;
  readonly retryAfterMs?: number | null;
  readonly status?: number;
}

/** A hub or a file on it failed. */
export class HubError extends ScenecastError {
  override readonly name = 'HubError';
  /** A later retry may succeed. */
  readonly isTemporary: boolean;
  /** The host's name cannot be resolved, or there is no route to it. */
  readonly isOffline: boolean;
  /** The server's Retry-After; null if it sent none. */
  readonly retryAfterMs: number | null;
  /** The HTTP status; null without a response, or with a good one. */
  readonly status: number | null;
  constructor(message: string, options: HubErrorOptions) {
    super(message, options);
    this.isTemporary = options.isTemporary;
    this.isOffline = options.isOffline ?? false;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.status = options.status ?? null;
  }
}

/** What to do about an error with `isOffline`. */
export const offlineRemedy =
  'check the network; behind a proxy, set HTTPS_PROXY; for a board without internet, pull the model on another computer and copy its folder';
