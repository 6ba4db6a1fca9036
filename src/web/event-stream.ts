import type { Writable } from 'node:stream';
import type { WindowEvents } from '../contract/window.ts';

/** What a reader reads from: the response to its request. */
export type EventSink = Pick<
  Writable,
  'write' | 'end' | 'destroy' | 'on' | 'writableLength' | 'writable' | 'writableNeedDrain'
>;

export interface EventStreamOptions {
  /** Called each second while there are readers. */
  readonly onSecond?: () => void;
  readonly tickMs?: number;
}

const maxReaders = 100;
/** Unread bytes of one reader. A whole state takes some kilobytes for each camera. */
const maxUnreadBytes = 2 ** 20;
/** A reader that takes nothing for this long is gone. */
const maxStalledTicks = 60;
/** So that proxies keep the connection, and one that is gone is noticed. */
const commentEveryTicks = 15;

/**
 * Server-sent events for any number of readers (https://html.spec.whatwg.org/multipage/server-sent-events.html). An event is
 * written once for all of them. A reader that does not keep up is dropped, so that it neither blocks anything nor takes
 * memory; its page connects again and gets the whole state.
 */
export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #readers = new Map<EventSink, { stalledTicks: number }>();
  #timer: NodeJS.Timeout | null = null;
  #ticks = 0;
  #isClosed = false;

  constructor(options: EventStreamOptions = {}) {
    this.#options = options;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** Whether another reader can be added. */
  get hasRoom(): boolean {
    return !this.#isClosed && this.#readers.size < maxReaders;
  }

  /** Adds a reader, which first gets the state. It is removed when `ended` aborts, or its connection closes. */
  add(sink: EventSink, state: WindowEvents['state'], ended: AbortSignal | null): void {
    const leave = (): void => this.#remove(sink);
    const end = (): void => {
      leave();
      sink.end();
    };
    sink.on('close', () => {
      ended?.removeEventListener('abort', end);
      leave();
    });
    sink.on('error', leave);
    this.#readers.set(sink, { stalledTicks: 0 });
    this.#write(sink, textOf('state', state));
    if (ended?.aborted) end();
    else ended?.addEventListener('abort', end, { once: true });
    this.#timer ??= setInterval(() => this.#tick(), this.#options.tickMs ?? 1000);
  }

  send<Name extends keyof WindowEvents>(name: Name, data: WindowEvents[Name]): void {
    if (this.#readers.size > 0) this.#writeAll(textOf(name, data));
  }

  /** Ends all readers. May be called again. */
  close(): void {
    this.#isClosed = true;
    for (const sink of [...this.#readers.keys()]) {
      this.#remove(sink);
      sink.end();
    }
  }

  #tick(): void {
    this.#ticks++;
    for (const [sink, reader] of this.#readers) {
      reader.stalledTicks = sink.writableNeedDrain ? reader.stalledTicks + 1 : 0;
      if (reader.stalledTicks >= maxStalledTicks) this.#drop(sink);
    }
    if (this.#ticks % commentEveryTicks === 0) this.#writeAll(':\n\n');
    this.#options.onSecond?.();
  }

  #writeAll(text: string): void {
    for (const sink of [...this.#readers.keys()]) this.#write(sink, text);
  }

  #write(sink: EventSink, text: string): void {
    if (sink.writable) sink.write(text);
    else this.#remove(sink);
    if (sink.writableLength > maxUnreadBytes) this.#drop(sink);
  }

  #drop(sink: EventSink): void {
    this.#remove(sink);
    sink.destroy();
  }

  #remove(sink: EventSink): void {
    this.#readers.delete(sink);
    if (this.#readers.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}

/** JSON has no line breaks, which would end the data. */
function textOf(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
