import { Worker } from 'node:worker_threads';
import { ScenecastError } from '../../domain/errors.ts';
import type {
  HistoryFilter,
  HistoryNeighbours,
  HistoryPage,
  HistoryPageRequest,
  Timeline,
  TimelineRequest,
} from '../../domain/history.ts';
import type { Log, PastObservations } from '../../pipeline/ports.ts';
import type { FromHistoryWorker, HistoryMethod } from './history-protocol.ts';

/** A thread that nothing is asked for this long ends, and its memory and files are free. */
const idleMs = 60_000;

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/**
 * Reads the history in a thread of its own, so that a search keeps neither the daemon's event loop nor the outbox waiting.
 * The thread starts with the first question.
 */
export class History implements PastObservations {
  readonly #folder: string;
  readonly #log: Log;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | null = null;
  #idle: NodeJS.Timeout | null = null;
  #nextCall = 1;
  #isClosed = false;

  /** @param folder of the segments; it need not exist */
  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  async page(filter: HistoryFilter, request: HistoryPageRequest): Promise<HistoryPage> {
    return (await this.#call('page', [filter, request])) as HistoryPage;
  }

  async timeline(request: TimelineRequest): Promise<Timeline> {
    return (await this.#call('timeline', [request])) as Timeline;
  }

  async neighbours(number: number): Promise<HistoryNeighbours | null> {
    return (await this.#call('neighbours', [number])) as HistoryNeighbours | null;
  }

  async thumbnail(number: number): Promise<Uint8Array | null> {
    return (await this.#call('thumbnail', [number])) as Uint8Array | null;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#stop();
  }

  async #call(method: HistoryMethod, args: readonly unknown[]): Promise<unknown> {
    if (this.#isClosed) throw new ScenecastError('the history is closed');
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = null;
    const call = this.#nextCall++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending.set(call, { resolve, reject });
    this.#worker ??= this.#start();
    this.#worker.postMessage({ call, method, args });
    return promise;
  }

  #start(): Worker {
    const url = new URL('./history-worker.ts', import.meta.url);
    const worker = new Worker(url, { execArgv: [], workerData: this.#folder });
    let died: Error | null = null;
    worker.on('message', (message: FromHistoryWorker) => this.#receive(message));
    worker.once('error', (error) => {
      died = error;
    });
    worker.once('exit', () => {
      // By itself: one that was stopped has been replaced or is not needed.
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#rejectAll(new ScenecastError('the history thread has exited', { cause: died }));
    });
    return worker;
  }

  #receive(message: FromHistoryWorker): void {
    if ('damage' in message) {
      this.#log.warn({ ...message.damage }, 'a part of the history is damaged, and is not searched');
      return;
    }
    const pending = this.#pending.get(message.call);
    this.#pending.delete(message.call);
    if ('fault' in message)
      pending?.reject(new ScenecastError(`the history cannot be read: ${message.fault}`));
    else pending?.resolve(message.result);
    if (this.#pending.size === 0) this.#idle = setTimeout(() => void this.#stop(), idleMs).unref();
  }

  async #stop(): Promise<void> {
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = null;
    const worker = this.#worker;
    this.#worker = null;
    this.#rejectAll(new ScenecastError('the history is closed'));
    await worker?.terminate();
  }

  #rejectAll(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
