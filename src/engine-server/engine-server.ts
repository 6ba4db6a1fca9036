import type { FastifyInstance } from 'fastify';
import { ScenecastError } from '../domain/errors.ts';
import type { Log } from '../pipeline/ports.ts';
import type { Routes } from '../system/http-server.ts';
import { readSecret } from '../system/read-secret.ts';
import { checkAccess } from './access.ts';
import { ollamaError, ollamaRoutes } from './ollama-routes.ts';
import { openAiError, openAiRoutes } from './openai-routes.ts';
import { ServedChats, type ServedChatsOptions } from './served-chats.ts';
import { ServedError, servedErrorOf } from './served-error.ts';
import { maxPictureBytes } from './served-picture.ts';

export interface EngineServerOptions extends ServedChatsOptions {
  /** A file whose first line is the token, read for each request; null: none is needed, since only loopback is served. */
  readonly tokenFile: string | null;
  readonly log: Log;
}

/** A picture in base64, and text. */
const bodyLimit = Math.ceil((maxPictureBytes * 4) / 3) + 2 ** 20;
/** Guesses of the token must not fill the log. */
const refusalEveryMs = 60_000;

/**
 * Offers the board's engine to other programs: OpenAI's chat completions, and Ollama's chat and generate. Requests are checked
 * and admitted before their bodies are read.
 */
export class EngineServer {
  readonly #options: EngineServerOptions;
  readonly #served: ServedChats;
  #lastRefusalMs = Number.NEGATIVE_INFINITY;

  constructor(options: EngineServerOptions) {
    this.#options = options;
    this.#served = new ServedChats(options);
  }

  /** Adds its routes to a server. */
  readonly routes: Routes = (scope) => {
    scope.addHook('onRequest', async ({ raw, ip }) => {
      try {
        checkAccess(raw, await this.#token());
      } catch (error) {
        this.#logRefusal(ip, error);
        throw error;
      }
    });
    this.#answerFaults(scope);
    // A web page can send text to another origin, but not JSON.
    scope.removeContentTypeParser('text/plain');
    openAiRoutes(scope, this.#served, bodyLimit);
    ollamaRoutes(scope, this.#served, bodyLimit);
  };

  /** Requests in progress end with an error. May be called again. */
  async close(): Promise<void> {
    this.#served.close();
  }

  #answerFaults(scope: FastifyInstance): void {
    scope.setErrorHandler(async (error, { routeOptions }, reply) => {
      // Without a query, which might have a secret.
      const path = routeOptions.url ?? '';
      const fault = servedErrorOf(error);
      const { status, retryAfterSeconds } = fault;
      const level = status >= 500 && status !== 503 ? 'warn' : 'debug';
      this.#options.log[level]({ path, status, reason: fault.message }, 'not served');
      if (retryAfterSeconds !== null) reply.header('Retry-After', retryAfterSeconds);
      if (status === 401) reply.header('WWW-Authenticate', 'Bearer');
      // With `close`, a client that still sends its picture would see a reset in place of the answer.
      reply.removeHeader('connection').code(status);
      return path.startsWith('/api/') ? ollamaError(fault) : openAiError(fault);
    });
  }

  async #token(): Promise<string | null> {
    const { tokenFile } = this.#options;
    if (tokenFile === null) return null;
    try {
      return await readSecret(tokenFile, 'serve.token_file');
    } catch (cause) {
      throw new ServedError(503, 'the token of this board cannot be read; see its log', { cause });
    }
  }

  #logRefusal(from: string, error: unknown): void {
    const now = performance.now();
    if (now - this.#lastRefusalMs < refusalEveryMs) return;
    this.#lastRefusalMs = now;
    const { cause, message } = error as Error;
    const reason = cause instanceof ScenecastError ? cause.message : message;
    this.#options.log.warn({ from, reason }, 'request to the engine server refused');
  }
}
