import { setTimeout as delay } from 'node:timers/promises';
import { doublingBackOffMs } from '../../domain/doubling-back-off.ts';
import { messageOf } from '../../domain/errors.ts';
import { HubError } from './hub-error.ts';
import type { HubAccess } from './hub-request.ts';

const maxRetryAfterMs = 300_000;
const maxBackoffMs = 30_000;
/** Without a network, one can hardly appear within seconds; a lost one can. */
const maxOfflineAttempts = 3;

/** The attempts to get one file, or one answer, with growing pauses while there is no progress. */
export class HubRetries {
  readonly #access: HubAccess;
  #failures = 0;
  #hasProgressed = false;

  constructor(access: HubAccess) {
    this.#access = access;
  }

  /** After this the network is known to work, and worth more attempts. */
  noteProgress(): void {
    this.#hasProgressed = true;
    this.#failures = 0;
  }

  /**
   * Waits before the next attempt, after this error.
   * @param hasProgressed whether the failed attempt brought anything
   * @throws HubError if there is none: the error is not temporary, or was that of the last attempt
   */
  async pauseAfter(error: unknown, hasProgressed = false): Promise<void> {
    if (!(error instanceof HubError && error.isTemporary)) throw error;
    if (hasProgressed) this.noteProgress();
    else this.#failures++;
    const isOffline = error.isOffline && !this.#hasProgressed;
    const { attempts, onRetry } = this.#access;
    const max = isOffline ? Math.min(attempts, maxOfflineAttempts) : attempts;
    if (this.#failures >= max) throw givenUp(error, this.#failures);
    onRetry(messageOf(error));
    await this.#pause(error);
  }

  /** The server's Retry-After, else a time that doubles with each failure, with jitter. */
  async #pause(error: HubError): Promise<void> {
    const { retryAfterMs } = error;
    const { backoffMs, signal } = this.#access;
    if (retryAfterMs !== null && retryAfterMs > maxRetryAfterMs)
      throw new HubError(
        `${error.message}; the server asks to retry after ${Math.ceil(retryAfterMs / 60_000)} minutes`,
        { cause: error, isTemporary: false },
      );
    const bounds = { firstMs: backoffMs, maxMs: maxBackoffMs };
    const earlier = Math.max(0, this.#failures - 1);
    const pauseMs = retryAfterMs ?? doublingBackOffMs(bounds, earlier, [0.75, 1.25]);
    await delay(pauseMs, undefined, { signal });
  }
}

function givenUp(error: HubError, failures: number): HubError {
  const { message, isOffline } = error;
  const suffix = failures > 1 ? `; given up after ${failures} attempts without progress` : '';
  return new HubError(`${message}${suffix}`, { cause: error, isTemporary: false, isOffline });
}

/** Retries with pauses while failures are temporary and attempts are left. */
export async function withRetries<T>(access: HubAccess, attempt: () => Promise<T>): Promise<T> {
  for (const retries = new HubRetries(access); ; ) {
    try {
      return await attempt();
    } catch (error) {
      await retries.pauseAfter(error);
    }
  }
}
