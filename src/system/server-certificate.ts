import { messageOf } from '../domain/errors.ts';
import { type KeyPair, type KeyPairPaths, readKeyPair } from './key-pair.ts';

export interface ServerCertificateOptions extends KeyPairPaths {
  /** Of the config, which names the files. */
  readonly section: string;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
  /** How often its files are read again. Default: one minute. */
  readonly lookEveryMs?: number;
}

/** A server's certificate, read again while the server runs, since certificates are renewed every few weeks. */
export class ServerCertificate {
  readonly #options: ServerCertificateOptions;
  #pair: KeyPair | null = null;
  #timer: NodeJS.Timeout | null = null;
  #fault: string | null = null;

  constructor(options: ServerCertificateOptions) {
    this.#options = options;
  }

  /** @throws ConfigError */
  async read(): Promise<KeyPair> {
    const { section } = this.#options;
    this.#pair = await readKeyPair(section, this.#options);
    return this.#pair;
  }

  /** Calls back with each new pair. Files that do not make one are logged, and the last good pair stays. */
  watch(onChange: (pair: KeyPair) => void): void {
    const { lookEveryMs = 60_000 } = this.#options;
    this.#timer = setInterval(() => void this.#look(onChange), lookEveryMs);
    this.#timer.unref();
  }

  /** May be called again. */
  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #look(onChange: (pair: KeyPair) => void): Promise<void> {
    const { certFile, log } = this.#options;
    const before = this.#pair;
    try {
      const pair = await this.read();
      this.#fault = null;
      if (this.#timer === null || (pair.cert === before?.cert && pair.key === before.key)) return;
      onChange(pair);
      log.info({ certFile }, 'certificate read again');
    } catch (error) {
      // Between the writing of the one file and the other, they do not match.
      const reason = messageOf(error);
      if (reason !== this.#fault) log.warn({ reason }, 'certificate not read again; the last one stays');
      this.#fault = reason;
    }
  }
}
