import { StringDecoder } from 'node:string_decoder';
import type { ChatReply, ChatRequest } from '../domain/chat.ts';
import { EngineError } from '../domain/errors.ts';
import type { FinishReason, ModelIdentity } from '../domain/observation.ts';
import { withoutThinking } from '../domain/without-thinking.ts';
import type { ChatEvents } from '../pipeline/ports.ts';
import type { MtmdEngine } from './native/mtmd-engine.ts';
import type { PictureEncoder } from './picture/picture-encoder.ts';
import type { GenerationOptions } from './picture-describer.ts';
import type { ChatFamily } from './prompt/chat-families.ts';
import { renderConversation } from './prompt/conversation.ts';
import { shownPiece } from './prompt/shown-piece.ts';
import { partTokens } from './prompt/turn-tokens.ts';

/** Tokens of one piece of a reply that is streamed: each piece is a call across threads. */
const pieceTokens = 4;
/** What may become a mark of thinking. */
const beginOfMark = /[<◁][^>▷]{0,10}$/u;

/** Continues conversations, about a picture or without one. */
export class ChatResponder {
  readonly #engine: MtmdEngine;
  readonly #options: Pick<GenerationOptions, 'maxTokens' | 'temperature'>;
  readonly #model: ModelIdentity;
  readonly #encoder: PictureEncoder;
  readonly #template: ChatFamily;

  /** @param encoder the engine's only one: it knows what the sequence holds */
  constructor(
    engine: MtmdEngine,
    options: Pick<GenerationOptions, 'maxTokens' | 'temperature'>,
    model: ModelIdentity,
    encoder: PictureEncoder,
    template: ChatFamily,
  ) {
    this.#engine = engine;
    this.#options = options;
    this.#model = model;
    this.#encoder = encoder;
    this.#template = template;
  }

  /** Rejects with the native layer's coded errors, BAD_PICTURE or BAD_TEMPLATE, or the signal's reason. */
  async respond(
    { messages, maxTokens, sampling, grammar }: ChatRequest,
    signal: AbortSignal,
    { onGenerating, onText }: ChatEvents = {},
  ): Promise<ChatReply> {
    const engine = this.#engine;
    const start = performance.now();
    const render = (each: readonly { role: string; content: string }[], jinja: string): string =>
      engine.applyChatTemplate(each, { template: jinja, addGenerationPrompt: true });
    const { before, after } = renderConversation(render, this.#template, messages);
    const picture = messages.find((message) => message.picture)?.picture;
    const encoded = picture
      ? await this.#encoder.encode(picture, before, signal)
      : { imageTokens: 0, promptTokens: await this.#encoder.prefill(before), packMs: 0, encodeMs: 0 };
    signal.throwIfAborted();
    const prompt = partTokens(engine, after[0]!);
    // One for the first token of the reply.
    if (prompt.length >= engine.freeCells)
      throw new EngineError(
        'CONTEXT_FULL',
        `the conversation takes ${prompt.length} tokens, but the context has room for ${engine.freeCells - 1} after the picture; shorten it, or raise model.context_size`,
      );
    await engine.decodeTokens(prompt, { logitsLast: true });
    signal.throwIfAborted();
    engine.setSampler({
      temperature: this.#options.temperature,
      ...sampling,
      ...(grammar !== null && { grammar }),
    });
    const generateStart = performance.now();
    onGenerating?.();
    const most = Math.min(maxTokens ?? Infinity, this.#options.maxTokens, engine.freeCells + 1);
    const { text, completion, finishReason } = await this.#generate(most, signal, onText);
    const { imageTokens, promptTokens, packMs, encodeMs } = encoded;
    return {
      text,
      finishReason,
      timings: {
        packMs,
        encodeMs,
        prefillMs: generateStart - start - packMs - encodeMs,
        generateMs: performance.now() - generateStart,
      },
      tokens: { image: imageTokens, prompt: promptTokens + prompt.length, completion },
      model: this.#model,
    };
  }

  /** The reply in pieces if `onText` wants them, else in one native call. Without what the model thinks. */
  async #generate(
    maxTokens: number,
    signal: AbortSignal,
    onText: ChatEvents['onText'],
  ): Promise<{ text: string; completion: number; finishReason: FinishReason }> {
    const engine = this.#engine;
    const decoder = new StringDecoder('utf8');
    let whole = '';
    let shown = '';
    let completion = 0;
    for (;;) {
      const most = Math.min(maxTokens - completion, onText ? pieceTokens : maxTokens);
      const { tokens, ended } = await engine.generate(most);
      completion += tokens.length;
      for (const token of tokens) whole += decoder.write(Buffer.from(shownPiece(engine, token)));
      const isOver = ended || completion >= maxTokens;
      if (isOver) whole += decoder.end();
      // Most tokenisers begin a word with a space.
      const text = withoutThinking(whole).trimStart();
      const next = isOver ? text : text.replace(beginOfMark, '');
      // Text may turn out to be thinking only at its end.
      const from = next.startsWith(shown) ? shown.length : 0;
      if (next.length > from) {
        onText?.(next.slice(from));
        shown = next;
      }
      if (isOver) return { text: text.trimEnd(), completion, finishReason: ended ? 'stop' : 'length' };
      signal.throwIfAborted();
      // The last token of a piece is not in the sequence yet.
      await engine.decodeTokens(tokens.slice(-1), { logitsLast: true });
    }
  }
}
