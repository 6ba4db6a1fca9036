import { z } from 'zod';
import { EngineError } from '../domain/errors.ts';
import { withoutThinking } from '../domain/without-thinking.ts';

const schema = z.object({
  model: z.string().optional().catch(undefined),
  system_fingerprint: z.string().optional().catch(undefined),
  choices: z
    .array(
      z.object({ message: z.object({ content: z.string().nullish() }), finish_reason: z.string().nullish() }),
    )
    .min(1),
  usage: z
    .object({
      prompt_tokens: z.number().catch(0),
      completion_tokens: z.number().catch(0),
      prompt_tokens_details: z.object({ image_tokens: z.number().optional() }).nullish().catch(null),
    })
    .optional()
    .catch(undefined),
  timings: z.object({ prompt_ms: z.number(), predicted_ms: z.number() }).optional().catch(undefined),
});

/** What a server says about one prompt. */
export interface Completion {
  readonly text: string;
  readonly isCut: boolean;
  readonly model: string | undefined;
  readonly build: string | undefined;
  readonly tokens: { readonly image: number; readonly prompt: number; readonly completion: number };
  /** null: the server does not say. */
  readonly timings: { readonly prefillMs: number; readonly generateMs: number } | null;
}

/** Reads the answer of `/v1/chat/completions`. @throws EngineError if it is none */
export function completionOf(json: unknown): Completion {
  const result = schema.safeParse(json);
  if (!result.success)
    throw new EngineError(
      'REMOTE',
      'the server answered with JSON that is no chat completion; check engine.url',
    );
  const { choices, usage, timings, model, system_fingerprint } = result.data;
  const [{ message, finish_reason }] = choices as [(typeof choices)[number]];
  const said = withoutThinking(message.content ?? '').trim();
  const isCut = finish_reason === 'length';
  // Servers may send what a model thinks apart, and then nothing.
  if (said === '' && (isCut || (message.content ?? '').trim() !== ''))
    throw new EngineError(
      'BAD_ANSWER',
      'the model only thought; raise model.max_tokens, or let the server switch thinking off',
    );
  const image = usage?.prompt_tokens_details?.image_tokens ?? 0;
  return {
    text: said,
    isCut,
    model,
    build: system_fingerprint,
    tokens: {
      image,
      prompt: Math.max(0, (usage?.prompt_tokens ?? 0) - image),
      completion: usage?.completion_tokens ?? 0,
    },
    timings: timings ? { prefillMs: timings.prompt_ms, generateMs: timings.predicted_ms } : null,
  };
}
