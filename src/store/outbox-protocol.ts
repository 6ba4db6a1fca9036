import type { OutboxHealth } from '../domain/health.ts';
import type { HistoryBounds } from './history/history-folder.ts';

/** One observation in the outbox. */
export interface NewEntry {
  /** The observation's id; a second entry with the same id is ignored. */
  readonly id: string;
  /** The newest delivered entry of each camera is kept as long as the bounds allow. */
  readonly camera: string;
  /** What to publish, in the publisher's format. */
  readonly body: string;
}

export interface OutboxEntry extends NewEntry {
  /** Increases by one with each entry, whatever the clock does; never reused. */
  readonly seq: number;
}

/** An entry with when it was added, by the outbox's own clock. */
export interface TimedEntry extends OutboxEntry {
  readonly addedMs: number;
}

export interface OutboxBounds {
  /** Including delivered entries. */
  readonly maxEntries: number;
  /** Total of all bodies. */
  readonly maxBytes: number;
  /** An entry that waits longer is dropped. Counts only while the daemon runs, so clock steps do not matter. */
  readonly maxAgeMs: number;
  /** How long a delivered entry is kept, since the broker may still lose it. */
  readonly replayMs: number;
}

export interface OutboxStatus extends OutboxHealth {
  /** Identifies this outbox; a new file, whose numbers start again, has a new id. */
  readonly outboxId: string;
  /** Delivered entries that can be sent again. */
  readonly replayable: number;
}

/** A line for the log. */
export interface Notice {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** From the daemon to the outbox worker. A `call` is answered with the same number. */
export type ToOutboxWorker =
  | {
      readonly type: 'open';
      readonly call: number;
      readonly path: string;
      readonly bounds: OutboxBounds;
      /** null: no history is kept. */
      readonly history: HistoryBounds | null;
    }
  | { readonly type: 'add'; readonly call: number; readonly entry: NewEntry }
  | { readonly type: 'delivered'; readonly seq: number }
  | { readonly type: 'waiting'; readonly call: number; readonly after: number; readonly limit: number }
  | { readonly type: 'newest'; readonly call: number }
  | { readonly type: 'send-again'; readonly call: number; readonly after: number }
  | { readonly type: 'thumbnail'; readonly id: string; readonly jpeg: Uint8Array }
  | { readonly type: 'write-history'; readonly call: number }
  | { readonly type: 'close'; readonly call: number };

/** From the outbox worker to the daemon. */
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
