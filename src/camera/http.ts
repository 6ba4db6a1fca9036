import { createSecureContext } from 'node:tls';
import { CameraError, messageOf } from '../domain/errors.ts';
import type { Picture, Size } from '../domain/frame.ts';
import type { Camera, CaptureOptions, Log } from '../pipeline/ports.ts';
import { HttpClient } from '../system/http-client.ts';
import { readText } from '../system/read-text.ts';
import { encodedPicture } from './encoded-picture.ts';
import { HttpFetch } from './http-fetch.ts';
import { type Arrival, HttpRun } from './http-run.ts';
import { readLogin } from './login.ts';
import { LoginPause } from './login-refusal.ts';
import { fitPicture } from './turn-picture.ts';

export interface HttpOptions {
  /** http:// or https://, without user and password. */
  readonly url: string;
  readonly username: string | null;
  /** A file whose first line is the password; read each time the address is opened. */
  readonly passwordFile: string | null;
  /** PEM: the authorities of https certificates; null: Node's. */
  readonly caFile: string | null;
  /** SHA-256 of the one accepted certificate, as `AA:BB:...`; null: authorities decide. */
  readonly fingerprint: string | null;
  /** Clockwise, in degrees, after EXIF orientation. */
  readonly rotation: 0 | 90 | 180 | 270;
  /** Larger pictures are scaled down to fit, keeping their aspect ratio; null: unscaled. */
  readonly size: Size | null;
  /** A camera that gives nothing new for this long has stalled. */
  readonly stallMs: number;
  readonly log: Log;
}

/** A camera that wakes up or opens its sensor takes longer than between two pictures. */
const minHeadTimeoutMs = 15_000;
const maxPictureBytes = 16 * 2 ** 20;

/**
 * A camera that serves pictures (JPEG, PNG, WebP) or motion JPEG over HTTP. A picture is fetched for each capture.
 * Motion JPEG is read all the time, and only its newest picture kept; the capture after its end opens it again.
 */
export class HttpCamera implements Camera {
  readonly name: string;
  readonly #options: HttpOptions;
  readonly #fetch: HttpFetch;
  readonly #pause: LoginPause;
  #client: HttpClient | null = null;
  /** Motion JPEG that is open, or has ended since the last capture. */
  #stream: HttpRun | null = null;
  #closed = false;

  constructor(name: string, options: HttpOptions) {
    this.name = name;
    this.#options = options;
    this.#fetch = new HttpFetch(new URL(options.url));
    this.#pause = new LoginPause(options.passwordFile);
  }

  /** Rejects with a CameraError if the file of the authorities cannot be read. */
  async start(): Promise<void> {
    const { caFile, fingerprint, stallMs } = this.#options;
    const ca = caFile === null ? null : await readAuthorities(caFile);
    const headTimeoutMs = Math.max(stallMs, minHeadTimeoutMs);
    this.#client = new HttpClient({ headTimeoutMs, trust: { ca, fingerprint } });
  }

  /** Rejects with a CameraError that begins with a reason; docs/cameras.md lists them. One caller at a time. */
  async capture(signal: AbortSignal, { isRequested = false }: CaptureOptions = {}): Promise<Picture> {
    const { file, at } = await this.#pause.unlessPaused(isRequested, () => this.#next(signal));
    const takenAt = new Date(Date.now() - (performance.now() - at));
    return fitPicture(await encodedPicture(file, 'damaged', takenAt), this.#options);
  }

  /** Ends a stream; the next capture opens it again. */
  async release(): Promise<void> {
    this.#stream?.close();
    this.#stream = null;
  }

  /** Ends the connection. A pending capture rejects. May be called again. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stream?.close();
    this.#client?.close();
  }

  async #next(signal: AbortSignal): Promise<Arrival> {
    const stream = this.#stream;
    if (stream) {
      const hadEnded = stream.hasEnded;
      try {
        return await stream.next(signal);
      } catch (error) {
        signal.throwIfAborted();
        if (this.#closed || (stream.hasStalled && !hadEnded)) throw error;
        // Streams end for many harmless reasons; it is a fault if the next one cannot be opened.
        this.#options.log.debug({ camera: this.name, reason: messageOf(error) }, 'reopening stream');
      } finally {
        if (stream.hasEnded) this.#stream = null;
      }
    }
    return this.#open(signal);
  }

  async #open(signal: AbortSignal): Promise<Arrival> {
    const { username, passwordFile, stallMs } = this.#options;
    const askedAt = performance.now();
    const login = await readLogin(username, passwordFile);
    if (this.#closed || !this.#client) throw new CameraError('closed');
    const answer = await this.#fetch.open(this.#client, login, signal);
    const secrets = [login?.password ?? '', ...secretsOf(answer.url)];
    const run = new HttpRun(answer, { stallMs, maxPictureBytes, secrets });
    try {
      const arrival = await run.next(signal);
      if (!run.isStream || this.#closed) return { ...arrival, at: askedAt };
      this.#stream = run;
      return arrival;
    } finally {
      if (this.#stream !== run) run.close();
    }
  }
}

/** What an address may contain of a login or key: its query, and the values there that are no plain numbers or words. */
function secretsOf({ search, searchParams }: URL): string[] {
  return [search, ...[...searchParams.values()].filter(({ length }) => length >= 4)];
}

async function readAuthorities(path: string): Promise<string> {
  try {
    const ca = await readText(path, `ca_file ${path}`);
    // OpenSSL silently ignores a file without any certificate.
    if (!ca.includes('-----BEGIN CERTIFICATE-----'))
      throw new Error(`ca_file ${path}: is not a PEM certificate`);
    createSecureContext({ ca });
    return ca;
  } catch (cause) {
    throw new CameraError(messageOf(cause), { cause });
  }
}
