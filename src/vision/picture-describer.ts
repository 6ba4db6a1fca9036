import type { Description, FinishReason, ModelIdentity } from '../domain/observation.ts';
import type { DescribeRequest } from '../pipeline/ports.ts';
import type { MtmdEngine } from './addon.ts';
import { type ChosenTemplate, chooseTemplate, renderPrompt } from './chat-prompt.ts';
import { embedPicture } from './embed-picture.ts';

export interface SpeechOptions {
  /** The longest description or answer, in tokens. */
  readonly maxTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  readonly chatTemplate: string | null;
}

/**
 * Sees a picture once and asks many things about it: the picture is encoded and prefilled once, the description
 * and each question continue from the same KV cache, which is rolled back after each.
 */
export class PictureDescriber {
  readonly template: ChosenTemplate;
  readonly #engine: MtmdEngine;
  readonly #options: SpeechOptions;
  readonly #model: ModelIdentity;
  readonly #embed: typeof embedPicture;
  /** The text that stands before every picture, while its KV is still there. */
  #prefix: { readonly text: string; readonly position: number } | null = null;

  /** `embed` can be replaced to measure what each part of the packing is worth. */
  constructor(engine: MtmdEngine, options: SpeechOptions, model: ModelIdentity, embed = embedPicture) {
    this.#engine = engine;
    this.#options = options;
    this.#model = model;
    this.#embed = embed;
    this.template = chooseTemplate(options.chatTemplate, engine.info.text.chatTemplate);
    // A template that cannot work is found when the engine is loaded, not at the first frame.
    renderPrompt(this.#render, this.template.jinja, 'Describe the scene.');
  }

  /** Describes one picture and answers its questions. Rejects with the native layer's coded errors. */
  async describe({ picture, prompt, questions }: DescribeRequest, signal: AbortSignal): Promise<Description> {
    const { embeddings, tokenCount, packMs, encodeMs } = await this.#embed(this.#engine, picture);
    const asked = [prompt, ...questions.map(({ ask }) => ask)].map((words) =>
      renderPrompt(this.#render, this.template.jinja, words),
    );
    signal.throwIfAborted();
    const prefillStart = performance.now();
    let promptTokens = await this.#prefillPrefix(asked[0]!.before);
    await this.#engine.decodeEmbeddings(embeddings);
    let prefillMs = performance.now() - prefillStart;
    const afterPicture = this.#engine.position;

    const spoken: Spoken[] = [];
    let generateMs = 0;
    for (const { after } of asked) {
      signal.throwIfAborted();
      const turnStart = performance.now();
      const tokens = this.#engine.tokenize(after, { addSpecial: false, parseSpecial: true });
      promptTokens += tokens.length;
      await this.#engine.decodeTokens(tokens, { logitsLast: true });
      const speechStart = performance.now();
      spoken.push(await this.#speak(signal));
      prefillMs += speechStart - turnStart;
      generateMs += performance.now() - speechStart;
      this.#engine.truncate(afterPicture);
    }
    const [description, ...answers] = spoken;
    return {
      text: description!.text,
      answers: Object.fromEntries(questions.map(({ name }, index) => [name, answers[index]!.text])),
      finishReason: description!.finishReason,
      timings: { packMs, encodeMs, prefillMs, generateMs },
      tokens: {
        image: tokenCount,
        prompt: promptTokens,
        completion: spoken.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0),
      },
      model: this.#model,
    };
  }

  readonly #render = (messages: readonly { role: string; content: string }[], jinja: string): string =>
    this.#engine.applyChatTemplate(messages, { template: jinja, addGenerationPrompt: true });

  /** Rolls the KV back to the end of the text before the picture, and puts that text there where it is not yet. */
  async #prefillPrefix(text: string): Promise<number> {
    const tokens = this.#engine.tokenize(text, { addSpecial: true, parseSpecial: true });
    if (this.#prefix?.text === text && this.#engine.position >= this.#prefix.position) {
      this.#engine.truncate(this.#prefix.position);
    } else {
      this.#prefix = null;
      this.#engine.clear();
      await this.#engine.decodeTokens(tokens, { logitsLast: false });
      this.#prefix = { text, position: this.#engine.position };
    }
    return tokens.length;
  }

  async #speak(signal: AbortSignal): Promise<Spoken> {
    const { maxTokens, temperature } = this.#options;
    this.#engine.setSampler({ temperature });
    const tokenIds: number[] = [];
    const pieces: Uint8Array[] = [];
    let finishReason: FinishReason = 'stop';
    for (let token = this.#engine.sample(); !this.#engine.isEndOfGeneration(token); ) {
      tokenIds.push(token);
      pieces.push(this.#engine.tokenToPiece(token));
      if (tokenIds.length >= maxTokens) {
        finishReason = 'length';
        break;
      }
      signal.throwIfAborted();
      token = await this.#engine.step(token);
    }
    return { text: Buffer.concat(pieces).toString('utf8').trim(), tokenIds, finishReason };
  }
}

interface Spoken {
  readonly text: string;
  readonly tokenIds: readonly number[];
  readonly finishReason: FinishReason;
}
