import type { HistoryDamage, HistoryReader } from './history-reader.ts';

/** What the daemon asks the history worker: methods of HistoryReader. */
export type HistoryMethod = 'page' | 'timeline' | 'neighbours' | 'thumbnail';

/** From the daemon to the history worker, which answers each call with the same number. */
export type ToHistoryWorker = {
  [Method in HistoryMethod]: {
    readonly call: number;
    readonly method: Method;
    readonly args: Parameters<HistoryReader[Method]>;
  };
}[HistoryMethod];

/** From the history worker to the daemon. */
export type FromHistoryWorker =
  | { readonly call: number; readonly result: unknown }
  | { readonly call: number; readonly fault: string }
  | { readonly damage: HistoryDamage };
