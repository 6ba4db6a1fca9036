import { Worker } from 'node:worker_threads';
import { ConfigError, ScenecastError } from '../domain/errors.ts';
import type { OutboxHealth } from '../domain/health.ts';
import type { Log } from '../pipeline/ports.ts';
import type { HistoryBounds } from './history/history-folder.ts';
import type {
  FromOutboxWorker,
  NewEntry,
  OutboxBounds,
  OutboxEntry,
  OutboxStatus,
  ToOutboxWorker,
} from './outbox-protocol.ts';

export interface OutboxOptions {
  /** The SQLite file; its folder is created. */
  readonly path: string;
  readonly bounds: OutboxBounds;
  /** The history that everything added also goes into. Default: none. */
  readonly history?: HistoryBounds | null;
  readonly log: Log;
}

type Done = Extract<FromOutboxWorker, { type: 'done' }>;
type Call = ToOutboxWorker extends infer M ? (M extends { call: number } ? Omit<M, 'call'> : never) : never;

interface Pending {
  resolve(done: Done): void;
  reject(error: Error): void;
}

/**
 * Keeps observations until the broker has them, and a while longer, since a broker may lose what it acknowledged. A write
 * may take seconds on a worn memory card, so it runs in a thread.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | null = null;
  #exited: Promise<unknown> = Promise.resolve();
  #nextCall = 1;
  #status: OutboxStatus | null = null;
  /** When it was last empty, or opened; null: it is empty. */
  #waitsSinceMs: number | null = null;
  /** Why the thread exited by itself: a bug. */
  #died: Error | null = null;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /**
   * Opens or creates the file; a damaged one is moved aside.
   * @throws ConfigError if the folder cannot be used, or another process has the file
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
      const ended = new ScenecastError('the outbox thread has exited', { cause: this.#died });
      for (const pending of this.#pending.values()) pending.reject(ended);
      this.#pending.clear();
    });
    const { path, bounds, history = null } = this.#options;
    try {
      await this.#call({ type: 'open', path, bounds, history });
    } catch (error) {
      // Not `close`: it would try to write, and log why that fails, before the caller says the same.
      await worker.terminate();
      await this.#exited;
      throw error;
    }
  }

  /** Resolves when the entry is durable. While the disk fails, it waits in memory and `health` says why. */
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

  /** The newest entry of each camera, delivered or not, in order. */
  async newest(): Promise<readonly OutboxEntry[]> {
    return (await this.#call({ type: 'newest' })).entries;
  }

  /** The broker has lost everything numbered above `after`: it waits again. @returns how many */
  async sendAgain(after: number): Promise<number> {
    return (await this.#call({ type: 'send-again', after })).count;
  }

  /** The picture of an entry that was just added, a JPEG file, for the history. */
  addThumbnail(id: string, jpeg: Uint8Array): void {
    this.#post({ type: 'thumbnail', id, jpeg });
  }

  /** Resolves when the history has everything that was added: by itself it does within ten minutes. */
  async writeHistory(): Promise<void> {
    await this.#call({ type: 'write-history' });
  }

  /** Identifies the outbox file. */
  get id(): string {
    return this.#status?.outboxId ?? '';
  }

  /** Delivered entries that can be sent again. */
  get replayable(): number {
    return this.#status?.replayable ?? 0;
  }

  /** Milliseconds since it was last empty, or opened; 0: it is empty. */
  get ageMs(): number {
    return this.#waitsSinceMs === null ? 0 : performance.now() - this.#waitsSinceMs;
  }

  get health(): OutboxHealth {
    const { depth = 0, dropped = 0, damaged = 0, fault = null } = this.#status ?? {};
    return { depth, dropped, damaged, fault };
  }

  /** Writes everything, and ends the thread. */
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
    if (message.type !== 'failed') this.#know(message.status);
    if (message.type === 'status') return;
    const pending = this.#pending.get(message.call);
    this.#pending.delete(message.call);
    if (message.type === 'done') pending?.resolve(message);
    else if (message.isConfigFault) pending?.reject(new ConfigError(message.message));
    else pending?.reject(new ScenecastError(message.message));
  }

  #know(status: OutboxStatus): void {
    this.#status = status;
    if (status.depth === 0) this.#waitsSinceMs = null;
    else this.#waitsSinceMs ??= performance.now();
  }
}
