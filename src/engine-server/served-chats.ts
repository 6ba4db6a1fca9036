import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ChatReply, ChatRequest } from '../domain/chat.ts';
import type { ModelIdentity } from '../domain/observation.ts';
import type { ChatEngine, Log } from '../pipeline/ports.ts';
import { ReplyStream, type StreamFormat } from './reply-stream.ts';
import { ServedError, servedErrorOf } from './served-error.ts';

export interface ServedModel extends ModelIdentity {
  /** In tokens. */
  readonly contextSize: number;
}

export interface ServedChatsOptions {
  readonly engine: ChatEngine;
  /** null: not loaded yet. */
  readonly model: () => ServedModel | null;
  readonly log: Log;
  /** Requests at once, the one that the engine works on included. Default: 4. */
  readonly maxRequests?: number;
}

/** The requests that are being served: few at a time, since each holds a picture in memory. */
export class ServedChats {
  readonly #options: ServedChatsOptions;
  readonly #closing = new AbortController();
  #admitted = 0;
  /** Of the latest one. */
  #durationMs = 0;

  constructor(options: ServedChatsOptions) {
    this.#options = options;
  }

  /** @throws ServedError 503 while the model loads */
  get model(): ServedModel {
    const model = this.#options.model();
    if (!model) throw new ServedError(503, 'the model is being loaded', { retryAfterSeconds: 10 });
    return model;
  }

  /**
   * Admits a request before its body is read, until its connection or answer ends.
   * @throws ServedError 429 if there are too many, 503 while the model loads
   */
  admit({ raw }: FastifyReply): void {
    const { maxRequests = 4 } = this.#options;
    void this.model;
    if (this.#admitted >= maxRequests)
      throw new ServedError(429, `this board serves at most ${maxRequests} requests at a time`, {
        retryAfterSeconds: Math.min(300, Math.max(1, Math.ceil(this.#durationMs / 1000))),
      });
    this.#admitted++;
    raw.once('close', () => this.#admitted--);
  }

  /** Has the engine continue a conversation; ends with the client's connection. Rejects with the engine's error. */
  async chat(
    chat: ChatRequest,
    { raw: request, routeOptions, ip }: FastifyRequest,
    { raw }: FastifyReply,
    onText?: (text: string) => void,
  ): Promise<ChatReply> {
    const startMs = performance.now();
    const gone = new AbortController();
    const onClose = (): void => {
      if (!raw.writableFinished) gone.abort();
    };
    raw.once('close', onClose);
    if (request.destroyed && raw.destroyed) gone.abort();
    const signal = AbortSignal.any([gone.signal, this.#closing.signal]);
    try {
      const reply = await this.#options.engine.chat(chat, signal, { onText });
      this.#durationMs = performance.now() - startMs;
      const { tokens } = reply;
      this.#options.log.info(
        { path: routeOptions.url, from: ip, totalMs: Math.round(this.#durationMs), tokens },
        'served',
      );
      return reply;
    } catch (error) {
      if (this.#closing.signal.aborted) throw new ServedError(503, 'the board is stopping', { cause: error });
      throw error;
    } finally {
      raw.off('close', onClose);
    }
  }

  /** Like `chat`, and sends the reply in pieces. */
  async stream(
    chat: ChatRequest,
    request: FastifyRequest,
    reply: FastifyReply,
    format: StreamFormat,
  ): Promise<FastifyReply> {
    const stream = new ReplyStream(reply, format);
    try {
      stream.end(await this.chat(chat, request, reply, stream.piece));
    } catch (error) {
      if (!stream.fail(servedErrorOf(error))) throw error;
    } finally {
      stream.close();
    }
    return reply;
  }

  /** Requests in progress end with 503. May be called again. */
  close(): void {
    this.#closing.abort();
  }
}
