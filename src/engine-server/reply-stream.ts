import { PassThrough } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { ChatReply } from '../domain/chat.ts';
import type { ServedError } from './served-error.ts';

/** How a reply is sent in pieces. */
export interface StreamFormat {
  readonly contentType: string;
  /** Sent while nothing is generated yet, so that the connection does not look dead; null: the format has none. */
  readonly comment: string | null;
  piece(text: string): string;
  end(reply: ChatReply): string;
  fault(error: ServedError): string;
}

const commentEveryMs = 10_000;

/** A reply in pieces. Its status is sent with the first one: until then, a fault can still have its own. */
export class ReplyStream {
  readonly #reply: FastifyReply;
  readonly #format: StreamFormat;
  readonly #timer: NodeJS.Timeout;
  #body: PassThrough | null = null;

  constructor(reply: FastifyReply, format: StreamFormat) {
    this.#reply = reply;
    this.#format = format;
    this.#timer = setInterval(() => {
      if (format.comment !== null) this.#write(format.comment);
    }, commentEveryMs);
  }

  readonly piece = (text: string): void => this.#write(this.#format.piece(text));

  end(reply: ChatReply): void {
    this.#write(this.#format.end(reply));
    this.close();
  }

  /** @returns false: nothing was sent yet, and the fault can be the answer itself */
  fail(error: ServedError): boolean {
    if (this.#body) this.#write(this.#format.fault(error));
    this.close();
    return this.#body !== null;
  }

  /** May be called again. */
  close(): void {
    clearInterval(this.#timer);
    this.#body?.end();
  }

  #write(text: string): void {
    if (!this.#body) {
      this.#body = new PassThrough();
      // The client has closed the connection.
      this.#body.on('error', () => {});
      this.#reply
        .header('Content-Type', this.#format.contentType)
        .header('Cache-Control', 'no-store')
        // nginx would collect the pieces.
        .header('X-Accel-Buffering', 'no')
        .send(this.#body);
    }
    if (this.#body.writable) this.#body.write(text);
  }
}
