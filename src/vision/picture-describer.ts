import { answerGrammar, maxAnswerTokens, parseAnswer } from '../domain/answer-grammar.ts';
import { defaultPrompt } from '../domain/default-prompt.ts';
import type { Detail } from '../domain/detail.ts';
import { EngineError } from '../domain/errors.ts';
import type { Answer, AnswerType, Description, FinishReason, ModelIdentity } from '../domain/observation.ts';
import { shorten } from '../domain/shorten.ts';
import { withoutThinking } from '../domain/without-thinking.ts';
import type { DescribeEvents, DescribeRequest } from '../pipeline/ports.ts';
import { type AskedTurn, changeName, changeTurnsOf } from './change-turns.ts';
import type { MtmdEngine, SamplerOptions, TurnResult, TurnsResult } from './native/mtmd-engine.ts';
import { countPictureTokens } from './picture/picture-cost.ts';
import {
  choosePictureEncoder,
  type EncodedPicture,
  type PictureEncoder,
  tryTruncate,
} from './picture/picture-encoder.ts';
import { AnswerDrafts } from './prompt/answer-drafts.ts';
import { type Prompt, renderPrompt } from './prompt/chat-prompt.ts';
import { type ChosenTemplate, chooseChatTemplate } from './prompt/choose-chat-template.ts';
import { shownPiece } from './prompt/shown-piece.ts';
import { turnTokens } from './prompt/turn-tokens.ts';
import { firstGroup } from './turn-group.ts';

export interface GenerationOptions {
  /** Max length of a description or free-text answer. */
  readonly maxTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  readonly chatTemplate: string | null;
  readonly detail: Detail;
  /** Looks closely only at a request's `changedArea`. Default: at everything. */
  readonly changedOnly?: boolean;
  /** Image tokens of a picture, at most, if the model can be limited. Default: all that it takes. */
  readonly maxImageTokens?: number | null;
}

/**
 * Encodes and prefills a picture once, then generates the description and all answers side by side: each continues from the
 * same KV cache, with the camera's last answer as a draft.
 */
export class PictureDescriber {
  readonly template: ChosenTemplate;
  readonly #engine: MtmdEngine;
  readonly #options: GenerationOptions;
  readonly #model: ModelIdentity;
  readonly #encoder: PictureEncoder;
  readonly #drafts = new AnswerDrafts();

  /** `encoder` can be replaced to measure the effect of each part of the layout. */
  constructor(
    engine: MtmdEngine,
    options: GenerationOptions,
    model: ModelIdentity,
    encoder = choosePictureEncoder(engine, options.detail, options.maxImageTokens),
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

  /** Describes one picture and answers its questions, or only does one of the two. Rejects with the native layer's coded errors. */
  async describe(
    request: DescribeRequest,
    signal: AbortSignal,
    { onReading, onGenerating }: DescribeEvents = {},
  ): Promise<Description> {
    const { picture, questions, detail, frame, changedArea } = request;
    const area = this.#options.changedOnly ? changedArea : undefined;
    const camera = frame?.camera ?? '';
    const turns = [
      ...(request.prompt === null ? [] : [this.#turnOf(null, request.prompt, null, camera)]),
      ...questions.map(({ name, ask, type }) => this.#turnOf(name, ask, type ?? null, camera)),
    ];
    const tokens = { image: 0, imageOmitted: 0, prompt: 0, completion: 0, drafted: 0, accepted: 0 };
    const timings = { packMs: 0, encodeMs: 0, prefillMs: 0, generateMs: 0 };
    const add = (encoded: EncodedPicture, tookMs: number): void => {
      tokens.image += encoded.imageTokens;
      tokens.imageOmitted += encoded.omittedTokens;
      timings.packMs += encoded.packMs;
      timings.encodeMs += encoded.encodeMs;
      timings.prefillMs += tookMs - encoded.packMs - encoded.encodeMs;
    };
    const answers: Record<string, Answer> = {};
    const confidences: Record<string, number> = {};
    let description: Answered | null = null;
    let change: string | null = null;
    let prefix = null as { before: string; end: number } | null;

    for (let waiting = turns; waiting.length > 0; ) {
      const { before } = waiting[0]!.prompt;
      // The picture is encoded again if other text stands before it, or a recurrent memory cannot be rolled back.
      if (prefix?.before !== before || !tryTruncate(this.#engine, prefix.end)) {
        const start = performance.now();
        const encoded = await this.#encoder.encode(picture, before, signal, {
          ...{ detail, area },
          ...(!prefix && { onEncoded: onReading }),
        });
        if (!prefix) {
          add(encoded, performance.now() - start);
          onGenerating?.();
        }
        tokens.prompt += encoded.promptTokens;
        prefix = { before, end: this.#engine.position };
      }
      signal.throwIfAborted();
      if (waiting[0]!.name === changeName) {
        // What is said of the picture is worth more than what has changed.
        const turn = waiting.find((each) => this.#hasRoom(each));
        if (!turn) break;
        waiting = [turn];
        if (turn.earlier) {
          const { lead } = turn.earlier;
          const start = performance.now();
          await this.#engine.decodeTokens(lead);
          const encoded = await this.#encoder.append!(turn.earlier.picture, signal);
          add(encoded, performance.now() - start);
          tokens.prompt += lead.length + encoded.promptTokens;
        }
      }
      const group = firstGroup(waiting, this.#engine);
      waiting = waiting.slice(group.length);
      const { turns: results, prefillMs, generateMs } = await this.#run(group, signal);
      timings.prefillMs += prefillMs;
      timings.generateMs += generateMs;
      for (const [index, result] of results.entries()) {
        const { name, ask, type, tokens: asked } = group[index]!;
        const answered = this.#answerOf(result);
        if (name !== changeName) this.#drafts.set(camera, ask, result.tokens);
        tokens.prompt += asked.length;
        tokens.completion += result.tokens.length;
        tokens.drafted += result.drafted;
        tokens.accepted += result.accepted;
        if (name === null) description = answered;
        else if (name === changeName) change = answered.text.trim();
        else answers[name] = type ? parseAnswer(type, answered.text) : answered.text.trim();
        if (typeof name === 'string' && hasConfidence(type)) confidences[name] = result.probability;
      }
      if (waiting.length === 0 && change === null && description)
        waiting = this.#changeTurnsOf(request, description.text.trim());
    }
    return {
      text: description?.text.trim() ?? null,
      ...(change && { change }),
      answers,
      confidences,
      finishReason: description?.finishReason ?? null,
      timings,
      tokens,
      model: this.#model,
    };
  }

  #turnOf(name: string | null, ask: string, type: AnswerType | null, camera: string): AskedTurn {
    const prompt = this.#prompt(ask);
    return {
      name,
      ask,
      type,
      prompt,
      tokens: turnTokens(this.#engine, prompt),
      maxTokens: type ? maxAnswerTokens(type) : this.#options.maxTokens,
      draft: this.#drafts.get(camera, ask),
    };
  }

  #changeTurnsOf(request: DescribeRequest, text: string): AskedTurn[] {
    return changeTurnsOf(request, text, {
      vocabulary: this.#engine,
      render: this.#render,
      template: this.template,
      takesSeveralPictures: this.#encoder.append !== undefined,
    });
  }

  /** Whether a turn fits into the context with its whole answer. */
  #hasRoom({ earlier, tokens, maxTokens }: AskedTurn): boolean {
    const lead = earlier
      ? earlier.lead.length + countPictureTokens(this.#engine, this.#options.detail, earlier.picture.size)
      : 0;
    return lead + tokens.length + maxTokens <= this.#engine.freeCells;
  }

  async #run(group: readonly AskedTurn[], signal: AbortSignal): Promise<TurnsResult> {
    const { maxTurns, freeCells } = this.#engine;
    const [only] = group as [AskedTurn];
    const tokens = only.tokens.length;
    if (tokens >= freeCells)
      throw new EngineError(
        'CONTEXT_FULL',
        `"${shorten(only.ask, 60)}" takes ${tokens} tokens, but the context has room for ${freeCells - 1} after the picture; shorten it, or raise model.context_size`,
      );
    // Without room for the whole answer, or if the model cannot fork, it is generated in the sequence itself.
    if (maxTurns === 0 || only.tokens.length + only.maxTokens > freeCells)
      return this.#runAlone(only, signal);
    return this.#engine.runTurns(
      group.map(({ type, tokens, maxTokens, draft }) => ({
        prompt: tokens,
        sampler: this.#samplerOf(type),
        maxTokens,
        wantsProbability: hasConfidence(type),
        ...(draft && { draft }),
      })),
    );
  }

  async #runAlone({ type, tokens, maxTokens }: AskedTurn, signal: AbortSignal): Promise<TurnsResult> {
    const start = performance.now();
    await this.#engine.decodeTokens(tokens, { logitsLast: true });
    // A cancel between two native calls reaches neither.
    signal.throwIfAborted();
    const generateStart = performance.now();
    this.#engine.setSampler(this.#samplerOf(type));
    const generation = await this.#engine.generate(maxTokens, { wantsProbability: hasConfidence(type) });
    return {
      turns: [{ ...generation, drafted: 0, accepted: 0 }],
      prefillMs: generateStart - start,
      generateMs: performance.now() - generateStart,
    };
  }

  #samplerOf(type: AnswerType | null): SamplerOptions {
    const { temperature } = this.#options;
    return type ? { temperature, grammar: answerGrammar(type) } : { temperature };
  }

  #answerOf({ tokens, ended }: TurnResult): Answered {
    const whole = Buffer.concat(Array.from(tokens, (token) => shownPiece(this.#engine, token))).toString(
      'utf8',
    );
    const text = withoutThinking(whole);
    if (text !== whole && text.trim() === '')
      throw new EngineError(
        'BAD_ANSWER',
        `the model only thought, and used ${tokens.length} tokens for it; raise model.max_tokens, or use a model that does not think`,
      );
    return { text, finishReason: ended ? 'stop' : 'length' };
  }

  #prompt(words: string): Prompt {
    return renderPrompt(this.#render, this.template, words);
  }

  readonly #render = (messages: readonly { role: string; content: string }[], jinja: string): string =>
    this.#engine.applyChatTemplate(messages, { template: jinja, addGenerationPrompt: true });
}

/** Whether an answer has so few alternatives that its probability tells how sure the model is. */
function hasConfidence(type: AnswerType | null): boolean {
  return type !== null && type.kind !== 'string';
}

interface Answered {
  readonly text: string;
  readonly finishReason: FinishReason;
}
