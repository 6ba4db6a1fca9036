import { maxAnswerTokens } from '../domain/answer-grammar.ts';
import { maxChangeTokens } from '../domain/change-question.ts';
import { doublingBackOffMs } from '../domain/doubling-back-off.ts';
import { codeOf, ExpiredError, messageOf } from '../domain/errors.ts';
import type { RemoteEngineHealth } from '../domain/health.ts';
import type { Answer, AnswerType, Description } from '../domain/observation.ts';
import type { ChangeQuestion, DescribeEvents, DescribeRequest, Describer, Log } from '../pipeline/ports.ts';
import { HttpClient } from '../system/http-client.ts';
import { readSecret } from '../system/read-secret.ts';
import { type Completion, completionOf } from './completion.ts';
import { type Constraint, constraintFields, hintOf, readAnswer, weaker } from './constrained-answer.ts';
import { dataUrlOf, questionAbout } from './picture-message.ts';
import { RefusedRequest, readServerJson, remoteFault, routeAt } from './server-answer.ts';

export interface RemoteDescriberOptions {
  /** http:// or https://, with or without /v1. */
  readonly url: string;
  /** null: the server has only one. */
  readonly model: string | null;
  /** A file whose first line is the token, read for each frame; null: none. */
  readonly tokenFile: string | null;
  /** For the description and all answers of a frame. */
  readonly deadlineMs: number;
  /** Max length of a description or free-text answer, in tokens. */
  readonly maxTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  /** Its model was trained with several pictures in one conversation. */
  readonly takesSeveralPictures: boolean;
  /** The own engine; null: none. */
  readonly fallback: Describer | null;
  readonly log: Log;
}

const backOff = { firstMs: 5000, maxMs: 300_000 } as const;

/**
 * A describer backed by a server with OpenAI's chat completions. After a failure the server is left alone for a while, and
 * the own engine describes, if there is one.
 */
export class RemoteDescriber implements Describer {
  readonly isInterruptible = true;
  readonly #options: RemoteDescriberOptions;
  readonly #url: URL;
  readonly #client: HttpClient;
  readonly #closing = new AbortController();
  #constraint: Constraint = 'grammar';
  #showsEarlier: boolean;
  /** In a row. */
  #failures = 0;
  #reason: string | null = null;
  #retryAtMs = 0;

  constructor(options: RemoteDescriberOptions) {
    this.#options = options;
    this.#showsEarlier = options.takesSeveralPictures;
    this.#url = routeAt(options.url, 'chat/completions');
    this.#client = new HttpClient({ headTimeoutMs: options.deadlineMs, trust: null });
  }

  get health(): RemoteEngineHealth {
    const waitMs = this.#retryAtMs - performance.now();
    return {
      state: this.#failures === 0 ? 'ok' : 'failing',
      reason: this.#reason,
      retryAt: this.#failures > 0 && waitMs > 0 ? new Date(Date.now() + waitMs) : null,
    };
  }

  /** Resolves at once: the deadline covers a server that is away. */
  async ready(): Promise<void> {}

  /** Without a fallback: rejects with an ExpiredError after the deadline or while the server is left alone, else an EngineError. */
  async describe(
    request: DescribeRequest,
    signal: AbortSignal,
    events?: DescribeEvents,
  ): Promise<Description> {
    const { fallback, log } = this.#options;
    const leftMs = this.#retryAtMs - performance.now();
    if (leftMs > 0 && fallback) return fallback.describe(request, signal, events);
    // Without the time that is left: `<camera>/vision` would be published again for each frame.
    if (leftMs > 0) throw new ExpiredError(`the engine server is not asked for now, after: ${this.#reason}`);
    try {
      const description = await this.#ask(request, signal);
      this.#succeeded();
      return description;
    } catch (error) {
      if (signal.aborted || this.#closing.signal.aborted) throw error;
      this.#failed(error);
      if (!fallback) throw error;
      log.debug({ ...request.frame }, 'not described by the engine server; using the own engine');
    }
    return fallback.describe(request, signal, events);
  }

  /** Ends the request in progress. May be called again. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#client.close();
  }

  async #ask(request: DescribeRequest, signal: AbortSignal): Promise<Description> {
    const { deadlineMs } = this.#options;
    const expiry = new AbortController();
    const timer = setTimeout(
      () => expiry.abort(new ExpiredError(`the engine server did not describe it within ${deadlineMs} ms`)),
      deadlineMs,
    );
    const ended = AbortSignal.any([signal, expiry.signal, this.#closing.signal]);
    try {
      return await this.#describe(request, ended);
    } catch (error) {
      throw ended.aborted ? ended.reason : remoteFault(error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #describe(
    { picture, prompt, questions, change }: DescribeRequest,
    signal: AbortSignal,
  ): Promise<Description> {
    const startMs = performance.now();
    const image = await dataUrlOf(picture);
    const ask = (words: string, maxTokens: number, fields: object = {}): Promise<Completion> =>
      this.#complete([questionAbout(image, words)], maxTokens, fields, signal);
    const description = prompt === null ? null : await ask(prompt, this.#options.maxTokens);
    const completions = description ? [description] : [];
    const answers: Record<string, Answer> = {};
    for (const { name, ask: words, type } of questions) {
      if (!type) {
        const completion = await ask(words, this.#options.maxTokens);
        completions.push(completion);
        answers[name] = completion.text;
      } else answers[name] = await this.#typedAnswer(words, type, completions, ask);
    }
    if (!description || !change || description.text === change.previous)
      return this.#descriptionOf(description, completions, answers, performance.now() - startMs);
    const conversation = [questionAbout(image, prompt!), { role: 'assistant', content: description.text }];
    const changed = await this.#askChange(conversation, change, signal);
    completions.push(changed);
    const described = this.#descriptionOf(description, completions, answers, performance.now() - startMs);
    return { ...described, change: changed.text };
  }

  /** Continues the conversation with the earlier picture, or without it if the server refuses that. */
  async #askChange(
    conversation: readonly object[],
    { ask, earlier }: ChangeQuestion,
    signal: AbortSignal,
  ): Promise<Completion> {
    const complete = (question: object): Promise<Completion> =>
      this.#complete([...conversation, question], maxChangeTokens, {}, signal);
    if (earlier && this.#showsEarlier) {
      try {
        return await complete(questionAbout(await dataUrlOf(earlier.picture), earlier.ask));
      } catch (error) {
        if (!(error instanceof RefusedRequest)) throw error;
        this.#showsEarlier = false;
        this.#options.log.warn(
          { reason: error.message },
          'the engine server refuses a second picture; asking what has changed without it',
        );
      }
    }
    return complete({ role: 'user', content: [{ type: 'text', text: ask }] });
  }

  /** Asks again once, with a weaker constraint, if the server refuses the first or does not follow it. */
  async #typedAnswer(
    words: string,
    type: AnswerType,
    completions: Completion[],
    ask: (words: string, maxTokens: number, fields: object) => Promise<Completion>,
  ): Promise<Answer> {
    const once = async (constraint: Constraint): Promise<Answer> => {
      // In JSON and in words, an answer takes a few tokens more.
      const maxTokens = maxAnswerTokens(type) + (constraint === 'grammar' ? 0 : 16);
      const fields = constraintFields(type, constraint);
      const completion = await ask(`${words}${hintOf(type, constraint)}`, maxTokens, fields);
      completions.push(completion);
      return readAnswer(type, constraint, completion.text);
    };
    const constraint = this.#constraint;
    try {
      return await once(constraint);
    } catch (error) {
      if (!isUnmet(error)) throw error;
    }
    const next = this.#weaken(constraint);
    try {
      return await once(next);
    } catch (error) {
      if (isUnmet(error)) this.#weaken(next);
      throw error;
    }
  }

  /** From now on, the server is held to types in a weaker way, if there is one. */
  #weaken(constraint: Constraint): Constraint {
    const next = weaker(constraint) ?? constraint;
    if (next !== this.#constraint)
      this.#options.log.info({ from: constraint, to: next }, 'typed answers of the engine server');
    this.#constraint = next;
    return next;
  }

  async #complete(
    messages: readonly object[],
    maxTokens: number,
    fields: object,
    signal: AbortSignal,
  ): Promise<Completion> {
    const { model, temperature, tokenFile } = this.#options;
    const token = tokenFile === null ? null : await readSecret(tokenFile, 'engine.token_file');
    const body = {
      ...(model !== null && { model }),
      messages,
      max_tokens: maxTokens,
      temperature,
      ...fields,
    };
    const headers = {
      Accept: 'application/json',
      'User-Agent': 'scenecast',
      ...(token !== null && { Authorization: `Bearer ${token}` }),
    };
    const answer = await this.#client.post(this.#url, headers, JSON.stringify(body), signal);
    const onAbort = (): void => void answer.body.destroy(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return completionOf(await readServerJson(answer));
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #descriptionOf(
    description: Completion | null,
    completions: readonly Completion[],
    answers: Readonly<Record<string, Answer>>,
    totalMs: number,
  ): Description {
    const sum = (value: (completion: Completion) => number): number =>
      completions.reduce((total, completion) => total + value(completion), 0);
    const isTimed = completions.every(({ timings }) => timings);
    const { model, build, tokens } = completions[0]!;
    return {
      text: description?.text ?? null,
      answers,
      finishReason: description && (description.isCut ? 'length' : 'stop'),
      timings: {
        packMs: 0,
        encodeMs: 0,
        prefillMs: isTimed ? sum(({ timings }) => timings!.prefillMs) : 0,
        generateMs: isTimed ? sum(({ timings }) => timings!.generateMs) : totalMs,
      },
      tokens: {
        image: tokens.image,
        imageOmitted: 0,
        prompt: sum((each) => each.tokens.prompt),
        completion: sum((each) => each.tokens.completion),
        drafted: 0,
        accepted: 0,
      },
      model: { name: model ?? this.#options.model ?? this.#url.host, quant: '', build: build ?? '' },
    };
  }

  #succeeded(): void {
    if (this.#failures > 0) this.#options.log.info({ host: this.#url.host }, 'engine server describes again');
    this.#failures = 0;
    this.#reason = null;
    this.#retryAtMs = 0;
  }

  #failed(error: unknown): void {
    const backOffMs = doublingBackOffMs(backOff, this.#failures++);
    this.#reason = messageOf(error);
    this.#retryAtMs = performance.now() + backOffMs;
    const { log, fallback } = this.#options;
    const fields = { host: this.#url.host, reason: this.#reason, backOffMs };
    log.warn(fields, fallback ? 'engine server failed; using the own engine' : 'engine server failed');
  }
}

/** Whether the server refused or ignored a constraint. */
function isUnmet(error: unknown): boolean {
  return error instanceof RefusedRequest || codeOf(error) === 'BAD_ANSWER';
}
