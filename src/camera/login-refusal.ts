import { stat } from 'node:fs/promises';
import { doublingBackOffMs } from '../domain/doubling-back-off.ts';
import { CameraError } from '../domain/errors.ts';

/** A camera that refuses the login, or to be read without one. */
export class LoginRefusedError extends CameraError {}

interface Refusal {
  readonly error: LoginRefusedError;
  readonly untilMs: number;
  /** The state of the password file. */
  readonly file: string;
}

/** Many cameras lock an account for half an hour after five wrong logins. */
const pause = { firstMs: 5 * 60_000, maxMs: 60 * 60_000 } as const;
/** At most this often, a request for a description makes a refused login be tried again. */
const minRequestedMs = 60_000;

/**
 * Keeps a camera from locking the account: after a refused login there is no other for minutes, unless the password file
 * changes or a description is requested.
 */
export class LoginPause {
  readonly #passwordFile: string | null;
  readonly #now: () => number;
  #refusal: Refusal | null = null;
  /** In a row. */
  #refusals = 0;
  #requestedAt = Number.NEGATIVE_INFINITY;

  constructor(passwordFile: string | null, now = (): number => performance.now()) {
    this.#passwordFile = passwordFile;
    this.#now = now;
  }

  /** Reads from the camera; during a pause rejects with the error of the last refusal instead. */
  async unlessPaused<T>(isRequested: boolean, read: () => Promise<T>): Promise<T> {
    const file = this.#refusal ? await this.#fileState() : '';
    if (this.#refusal) this.#assertMayTry(this.#refusal, isRequested, file);
    try {
      const result = await read();
      this.#refusal = null;
      this.#refusals = 0;
      return result;
    } catch (error) {
      if (!(error instanceof LoginRefusedError)) throw error;
      throw await this.#begin(error);
    }
  }

  #assertMayTry({ error, untilMs, file: refusedFile }: Refusal, isRequested: boolean, file: string): void {
    const now = this.#now();
    if (file !== refusedFile) this.#refusals = 0;
    else if (isRequested && now - this.#requestedAt >= minRequestedMs) this.#requestedAt = now;
    else if (now < untilMs) throw error;
  }

  async #begin({ message, cause }: LoginRefusedError): Promise<LoginRefusedError> {
    const pauseMs = doublingBackOffMs(pause, this.#refusals++);
    const error = new LoginRefusedError(
      `${message}; next attempt after ${pauseMs / 60_000} min, so that the camera does not lock the account`,
      { cause },
    );
    this.#refusal = { error, untilMs: this.#now() + pauseMs, file: await this.#fileState() };
    return error;
  }

  /** Differs after each change of the password file. */
  async #fileState(): Promise<string> {
    if (this.#passwordFile === null) return '';
    const state = await stat(this.#passwordFile).catch(() => null);
    return state ? `${state.ino} ${state.size} ${state.mtimeMs}` : 'missing';
  }
}
