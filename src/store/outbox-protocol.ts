import type { OutboxHealth } from '../domain/health.ts';

/** What the outbox keeps of one observation. */
export interface NewEntry {
  /** The observation's id: a second entry under it is not taken. */
  readonly id: string;
  /** Of each camera the newest delivered entry is kept for as long as the bounds allow. */
  readonly camera: string;
  /** What is to be published, as its owner wrote it. */
  readonly body: string;
}

export interface OutboxEntry extends NewEntry {
  /** Counts up by one with each entry, whatever the clock does; never used twice. */
  readonly seq: number;
}

export interface OutboxBounds {
  /** At most so many entries are kept, delivered ones among them. */
  readonly maxEntries: number;
  /** Of all bodies together. */
  readonly maxBytes: number;
  /** An entry that waits for longer is dropped. Counted while the daemon runs, so that no step of a clock matters. */
  readonly maxAgeMs: number;
  /** A delivered entry is kept for so long, as the broker may lose it yet. */
  readonly replayMs: number;
}

export interface OutboxStatus extends OutboxHealth {
  /** Names this outbox: a new file has a new one, as its numbers begin anew. */
  readonly outboxId: string;
  /** Entries that were delivered and can be sent again. */
  readonly replayable: number;
}

/** A line for the log, told where it happened. */
export interface Notice {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** From the daemon to the thread that writes. `call` is answered under the same number. */
export type ToOutboxWorker =
  | { readonly type: 'open'; readonly call: number; readonly path: string; readonly bounds: OutboxBounds }
  | { readonly type: 'add'; readonly call: number; readonly entry: NewEntry }
  | { readonly type: 'delivered'; readonly seq: number }
  | { readonly type: 'waiting'; readonly call: number; readonly after: number; readonly limit: number }
  | { readonly type: 'send-again'; readonly call: number; readonly after: number }
  | { readonly type: 'close'; readonly call: number };

/** From that thread. `fault`: the call failed. */
export type FromOutboxWorker =
  | {
      readonly type: 'done';
      readonly call: number;
      readonly status: OutboxStatus;
      readonly entries: readonly OutboxEntry[];
      readonly count: number;
    }
  | { readonly type: 'status'; readonly status: OutboxStatus }
  | {
      readonly type: 'failed';
      readonly call: number;
      readonly message: string;
      readonly isConfigFault: boolean;
    }
  | { readonly type: 'notice'; readonly notice: Notice };
