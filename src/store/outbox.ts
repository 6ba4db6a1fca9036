import { Worker } from 'node:worker_threads';
import { ConfigError, ScenecastError } from '../domain/errors.ts';
import type { OutboxHealth } from '../domain/health.ts';
import type { Log } from '../pipeline/ports.ts';
import type {
  FromOutboxWorker,
  NewEntry,
  OutboxBounds,
  OutboxEntry,
  OutboxStatus,
  ToOutboxWorker,
} from './outbox-protocol.ts';

export interface OutboxOptions {
  /** The SQLite file; its folder is made. */
  readonly path: string;
  readonly bounds: OutboxBounds;
  readonly log: Log;
}

type Done = Extract<FromOutboxWorker, { type: 'done' }>;
type Call = ToOutboxWorker extends infer M ? (M extends { call: number } ? Omit<M, 'call'> : never) : never;

interface Pending {
  resolve(done: Done): void;
  reject(error: Error): void;
}

/**
 * Keeps what is to be published until the broker has had it, and a while longer: a broker may lose what it acknowledged.
 * Writing waits for the disk, up to seconds on a tired memory card: so it is done in a thread.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | null = null;
  #exited: Promise<unknown> = Promise.resolve();
  #nextCall = 1;
  #status: OutboxStatus | null = null;
  /** The thread ended by itself, which only a fault of ours can make it do. */
  #died: Error | null = null;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /**
   * Opens the file, or begins one; a damaged one is put aside.
   * @throws ConfigError where the folder cannot be used, or another process has the file.
   */
  async open(): Promise<void> {
    const worker = new Worker(new URL('./outbox-worker.ts', import.meta.url), { execArgv: [] });
    this.#worker = worker;
    worker.on('message', (message: FromOutboxWorker) => this.#receive(message));
    worker.once('error', (error) => {
      this.#died = error;
    });
    this.#exited = new Promise((resolve) => worker.once('exit', resolve));
    worker.once('exit', () => {
      this.#worker = null;
      const ended = new ScenecastError('the thread of the outbox has ended', { cause: this.#died });
      for (const pending of this.#pending.values()) pending.reject(ended);
      this.#pending.clear();
    });
    const { path, bounds } = this.#options;
    try {
      await this.#call({ type: 'open', path, bounds });
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Resolves once the entry survives whatever ends the process. Where the disk takes nothing, it is kept in memory, and `health` tells why. */
  async add(entry: NewEntry): Promise<void> {
    await this.#call({ type: 'add', entry });
  }

  /** The oldest entries with a number above `after` that the broker has not acknowledged, at most `limit`, in order. */
  async waiting(after: number, limit: number): Promise<readonly OutboxEntry[]> {
    return (await this.#call({ type: 'waiting', after, limit })).entries;
  }

  /** The broker has acknowledged this entry. */
  delivered(seq: number): void {
    this.#post({ type: 'delivered', seq });
  }

  /**
   * The broker has lost all that is numbered above `after`: it waits again, as does the newest entry of each camera
   * that has had one since the start, as its topics are retained. @returns how many were above `after`.
   */
  async sendAgain(after: number): Promise<number> {
    return (await this.#call({ type: 'send-again', after })).count;
  }

  /** Names the file that numbers entries. */
  get id(): string {
    return this.#status?.outboxId ?? '';
  }

  /** Entries that were delivered and can be sent again. */
  get replayable(): number {
    return this.#status?.replayable ?? 0;
  }

  get health(): OutboxHealth {
    const { depth = 0, dropped = 0, damaged = 0, fault = null } = this.#status ?? {};
    return { depth, dropped, damaged, fault };
  }

  /** Writes what is still to be written, and ends the thread. */
  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker) {
      await this.#call({ type: 'close' }).catch(() => {});
      await worker.terminate();
    }
    await this.#exited;
  }

  async #call(message: Call): Promise<Done> {
    const call = this.#nextCall++;
    const { promise, resolve, reject } = Promise.withResolvers<Done>();
    this.#pending.set(call, { resolve, reject });
    try {
      this.#post({ ...message, call } as ToOutboxWorker);
    } catch (error) {
      this.#pending.delete(call);
      throw error;
    }
    return promise;
  }

  #post(message: ToOutboxWorker): void {
    if (!this.#worker) throw new ScenecastError('the outbox is closed', { cause: this.#died });
    this.#worker.postMessage(message);
  }

  #receive(message: FromOutboxWorker): void {
    if (message.type === 'notice') {
      const { level, fields, message: text } = message.notice;
      this.#options.log[level](fields, text);
      return;
    }
    if (message.type !== 'failed') this.#status = message.status;
    if (message.type === 'status') return;
    const pending = this.#pending.get(message.call);
    this.#pending.delete(message.call);
    if (message.type === 'done') pending?.resolve(message);
    else if (message.isConfigFault) pending?.reject(new ConfigError(message.message));
    else pending?.reject(new ScenecastError(message.message));
  }
}
