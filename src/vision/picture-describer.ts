import { defaultPrompt } from '../domain/default-prompt.ts';
import type { Detail } from '../domain/detail.ts';
import type { Answer, AnswerType, Description, FinishReason, ModelIdentity } from '../domain/observation.ts';
import type { DescribeRequest } from '../pipeline/ports.ts';
import type { MtmdEngine } from './native/mtmd-engine.ts';
import { choosePictureEncoder, type PictureEncoder, tryTruncate } from './picture/picture-encoder.ts';
import { answerGrammar, maxAnswerTokens, parseAnswer } from './prompt/answer-grammar.ts';
import { type Prompt, renderPrompt } from './prompt/chat-prompt.ts';
import { type ChosenTemplate, chooseChatTemplate } from './prompt/choose-chat-template.ts';
import { turnTokens } from './prompt/turn-tokens.ts';

export interface GenerationOptions {
  /** Max length of a description or free-text answer. */
  readonly maxTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  readonly chatTemplate: string | null;
  readonly detail: Detail;
}

/**
 * Encodes and prefills a picture once, then asks for the description and each answer: all continue from the same KV
 * cache, which is rolled back after each.
 */
export class PictureDescriber {
  readonly template: ChosenTemplate;
  readonly #engine: MtmdEngine;
  readonly #options: GenerationOptions;
  readonly #model: ModelIdentity;
  readonly #encoder: PictureEncoder;

  /** `encoder` can be replaced to measure what each part of the layout is worth. */
  constructor(
    engine: MtmdEngine,
    options: GenerationOptions,
    model: ModelIdentity,
    encoder = choosePictureEncoder(engine, options.detail),
  ) {
    this.#engine = engine;
    this.#options = options;
    this.#model = model;
    this.#encoder = encoder;
    const { text, vision } = engine.info;
    this.template = chooseChatTemplate(options.chatTemplate, { text, vision, vocabulary: engine });
    // A template that does not work fails here, at load, and not at the first frame.
    this.#prompt(defaultPrompt);
  }

  /** Describes one picture and answers its questions. Rejects with the native layer's coded errors. */
  async describe(request: DescribeRequest, signal: AbortSignal): Promise<Description> {
    const { picture, questions, detail } = request;
    const first = this.#prompt(request.prompt);
    const encodeStart = performance.now();
    const { imageTokens, packMs, encodeMs, ...encoded } = await this.#encoder.encode(
      picture,
      first.before,
      signal,
      detail,
    );
    let prefix = { before: first.before, end: this.#engine.position };
    let promptTokens = encoded.promptTokens;
    let completion = 0;
    let prefillMs = performance.now() - encodeStart - packMs - encodeMs;
    let generateMs = 0;

    const turn = async (prompt: Prompt, type: AnswerType | null): Promise<Generated> => {
      signal.throwIfAborted();
      const turnStart = performance.now();
      const tokens = turnTokens(this.#engine, prompt);
      promptTokens += tokens.length;
      await this.#engine.decodeTokens(tokens, { logitsLast: true });
      // A cancel between two native calls reaches neither.
      signal.throwIfAborted();
      const generateStart = performance.now();
      const generated = await this.#generate(type);
      completion += generated.tokenCount;
      prefillMs += generateStart - turnStart;
      generateMs += performance.now() - generateStart;
      return generated;
    };

    const description = await turn(first, null);
    const answers: Record<string, Answer> = {};
    for (const { name, ask, type } of questions) {
      const asked = this.#prompt(ask);
      // Encode again if the question comes before the picture, or a recurrent memory cannot return to its end.
      if (asked.before !== prefix.before || !tryTruncate(this.#engine, prefix.end)) {
        promptTokens += (await this.#encoder.encode(picture, asked.before, signal, detail)).promptTokens;
        prefix = { before: asked.before, end: this.#engine.position };
      }
      const { text } = await turn(asked, type ?? null);
      answers[name] = type ? parseAnswer(type, text) : text.trim();
    }
    return {
      text: description.text.trim(),
      answers,
      finishReason: description.finishReason,
      timings: { packMs, encodeMs, prefillMs, generateMs },
      tokens: { image: imageTokens, prompt: promptTokens, completion },
      model: this.#model,
    };
  }

  #prompt(words: string): Prompt {
    return renderPrompt(this.#render, this.template, words);
  }

  readonly #render = (messages: readonly { role: string; content: string }[], jinja: string): string =>
    this.#engine.applyChatTemplate(messages, { template: jinja, addGenerationPrompt: true });

  async #generate(type: AnswerType | null): Promise<Generated> {
    const { temperature } = this.#options;
    const maxTokens = type ? maxAnswerTokens(type) : this.#options.maxTokens;
    this.#engine.setSampler(type ? { temperature, grammar: answerGrammar(type) } : { temperature });
    const { tokens, ended } = await this.#engine.generate(maxTokens);
    const pieces = Array.from(tokens, (token) => this.#engine.tokenToPiece(token));
    return {
      text: Buffer.concat(pieces).toString('utf8'),
      tokenCount: tokens.length,
      finishReason: ended ? 'stop' : 'length',
    };
  }
}

interface Generated {
  readonly text: string;
  readonly tokenCount: number;
  readonly finishReason: FinishReason;
}
