import { ConfigError, messageOf } from '../domain/errors.ts';
import { isLocked, isUnreachable } from './database-fault.ts';
import type { Notice } from './outbox-protocol.ts';

/** What fails: writing, reading, or the file in its folder, which is another than the open one. */
type Fault = 'write' | 'read' | 'place';

/** What is wrong with the outbox's file, and a log line for each change. */
export class OutboxFaults {
  /** A file can be readable but not writable, so that neither success proves the other. */
  readonly #reasons: Record<Fault, string | null> = { write: null, read: null, place: null };
  readonly #path: string;
  readonly #notify: (notice: Notice) => void;

  constructor(path: string, notify: (notice: Notice) => void) {
    this.#path = path;
    this.#notify = notify;
  }

  /** Null: none. */
  get reason(): string | null {
    return this.#reasons.write ?? this.#reasons.read ?? this.#reasons.place;
  }

  get cannotWrite(): boolean {
    return this.#reasons.write !== null;
  }

  failed(kind: Fault, error: unknown): void {
    const before = this.reason;
    const reason = messageOf(error);
    this.#reasons[kind] = reason;
    if (this.reason === before) return;
    const message =
      kind === 'read'
        ? 'outbox cannot be read; descriptions wait'
        : 'outbox cannot be written; descriptions wait in memory and are lost if Scenecast stops';
    this.#notify({ level: 'error', fields: { path: this.#path, reason }, message });
  }

  succeeded(kind: Fault): void {
    const before = this.reason;
    this.#reasons[kind] = null;
    if (before !== null && this.reason === null)
      this.#notify({ level: 'info', fields: {}, message: 'outbox can be written again' });
  }
}

/** Why the file at `path` cannot be used until a person acts; null: trying again later may help. */
export function configFaultOf(path: string, cause: unknown): ConfigError | null {
  if (isLocked(cause)) {
    const remedy = 'give one of the two another device name, or another store.folder';
    return new ConfigError(`store.folder: ${path} is in use by another Scenecast; ${remedy}`, { cause });
  }
  if (isUnreachable(cause)) {
    const remedy = 'the folder must belong to the user that Scenecast runs as';
    const reason = messageOf(cause);
    return new ConfigError(`store.folder: ${path} cannot be used: ${reason}; ${remedy}`, { cause });
  }
  return null;
}
