import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { codeOf } from '../domain/errors.ts';

/** Lines that wait for a slow reader, in bytes: as many as a busy minute logs. */
const maxWaitingBytes = 1 << 20;
const retryMs = 100;

/**
 * Writes lines to a descriptor without ever waiting for its reader. A pipe or terminal that is not read fills up, and a full
 * disk refuses: then lines are dropped, and counted. Node's own streams and blocking writes would stop the process or
 * collect lines without limit.
 */
export class LineOutput {
  readonly #fd: number;
  readonly #onDropped: (count: number) => void;
  /** The same pipe or terminal, opened without blocking. */
  #ownFd: number | null = null;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | null = null;

  /** @param onDropped called once lines can be written again, with the number of those that were dropped */
  constructor(fd: 1 | 2, onDropped: (count: number) => void) {
    this.#fd = fd;
    this.#onDropped = onDropped;
  }

  /** Makes writes non-blocking where they could block. */
  open(): this {
    const stats = fstatSync(this.#fd);
    if (stats.isFIFO() || stats.isCharacterDevice()) this.#ownFd = reopened(this.#fd);
    // Node makes them non-blocking, for the processes that share them too, once its stream exists.
    if ((stats.isFIFO() && this.#ownFd === null) || stats.isSocket())
      void (this.#fd === 1 ? process.stdout : process.stderr);
    return this;
  }

  /** Writes a line, which ends in a newline. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > maxWaitingBytes) this.#dropped++;
    else {
      this.#waiting.push(bytes);
      this.#waitingBytes += bytes.length;
    }
    if (!this.#timer) this.#flush();
  }

  /** Writes what can be written at once; the rest is lost. */
  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#flush();
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#ownFd !== null) closeSync(this.#ownFd);
    this.#ownFd = null;
  }

  #flush(): void {
    this.#timer = null;
    while (this.#waiting.length > 0) {
      const [first] = this.#waiting as [Buffer];
      let written: number;
      try {
        written = writeSync(this.#ownFd ?? this.#fd, first);
      } catch (error) {
        if (codeOf(error) === 'EAGAIN') this.#timer = setTimeout(() => this.#flush(), retryMs).unref();
        else this.#drop();
        return;
      }
      this.#waitingBytes -= written;
      if (written === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(written);
      if (this.#waiting.length === 0 && this.#dropped > 0) {
        const count = this.#dropped;
        this.#dropped = 0;
        this.#onDropped(count);
      }
    }
  }

  /** A disk that is full, or a reader that has gone: what waits would be written late, if ever. */
  #drop(): void {
    this.#dropped += this.#waiting.length;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}

/** An open file of its own, so that a shell or child that shares the descriptor still blocks; null if it cannot be had. */
function reopened(fd: number): number | null {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return null;
  }
}
