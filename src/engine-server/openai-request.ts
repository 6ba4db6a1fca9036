import { z } from 'zod';
import type { ChatMessage, ChatRequest, Sampling } from '../domain/chat.ts';
import { jsonObjectGrammar, jsonSchemaGrammar } from './json-schema-grammar.ts';
import { ServedError } from './served-error.ts';
import { dataUrlContent, servedPicture } from './served-picture.ts';

/** In letters, of all messages: far more than the context of any model here holds. */
const maxTextLength = 200_000;
const maxGrammarLength = 32_768;

const part = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({
    type: z.literal('image_url'),
    image_url: z.union([z.string().transform((url) => ({ url })), z.object({ url: z.string() })]),
  }),
]);

const message = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: z
    .union([z.string().transform((text) => [{ type: 'text' as const, text }]), z.array(part)])
    .nullish()
    .transform((content) => content ?? []),
});

/** -1 means the default in llama-server. */
const tokenLimit = z
  .int()
  .min(-1)
  .refine((value) => value !== 0, 'must be 1 or more, or -1 for the default')
  .nullish()
  .transform((value) => (value === -1 ? null : (value ?? null)));

/** What other servers take too; null and what is left out are the engine's defaults. */
export const samplingFields = {
  temperature: z.number().min(0).max(5).nullish(),
  top_k: z.int().min(0).max(1_000_000).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repeat_penalty: z.number().gt(0).max(10).nullish(),
  /** -1: any. */
  seed: z.int().min(-1).nullish(),
};

const schema = z.object({
  messages: z.array(message).min(1).max(100),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  max_completion_tokens: tokenLimit,
  max_tokens: tokenLimit,
  n_predict: tokenLimit,
  ...samplingFields,
  response_format: z
    .discriminatedUnion('type', [
      z.object({ type: z.literal('text') }),
      z.object({ type: z.literal('json_object'), schema: z.unknown().optional() }),
      z.object({ type: z.literal('json_schema'), json_schema: z.object({ schema: z.unknown() }) }),
    ])
    .nullish(),
  json_schema: z.unknown().optional(),
  grammar: z.string().max(maxGrammarLength).nullish(),
  n: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  tools: z.array(z.unknown()).nullish(),
  logprobs: z.boolean().nullish(),
});

export interface OpenAiRequest {
  readonly chat: ChatRequest;
  readonly isStreamed: boolean;
  /** At the end of a stream. */
  readonly wantsUsage: boolean;
}

/** Reads the body of `/v1/chat/completions`: OpenAI's fields, and llama-server's. @throws ServedError */
export async function readOpenAiRequest(body: unknown): Promise<OpenAiRequest> {
  const request = parsed(schema, body);
  const { n, stop, tools, logprobs, stream_options } = request;
  const isAsked = {
    n: (n ?? 1) !== 1,
    stop: (stop?.length ?? 0) > 0,
    tools: (tools?.length ?? 0) > 0,
    logprobs: logprobs === true,
  };
  for (const [param, asked] of Object.entries(isAsked)) if (asked) throw unsupported(param);
  const messages = await Promise.all(
    request.messages.map(async ({ role, content }, index): Promise<ChatMessage> => {
      const texts = content.flatMap((each) => (each.type === 'text' ? [each.text] : []));
      const [url, ...others] = content.flatMap((each) =>
        each.type === 'image_url' ? [each.image_url.url] : [],
      );
      const param = `messages[${index}].content`;
      if (others.length > 0) throw onePicture(param);
      return {
        role: role === 'developer' ? 'system' : role,
        text: texts.join('\n'),
        ...(url !== undefined && { picture: await servedPicture(dataUrlContent(url, param), param) }),
      };
    }),
  );
  return {
    chat: {
      messages: checked(messages),
      maxTokens: request.max_completion_tokens ?? request.max_tokens ?? request.n_predict,
      sampling: samplingOf(request),
      grammar: grammarOf(request),
    },
    isStreamed: request.stream ?? false,
    wantsUsage: stream_options?.include_usage ?? false,
  };
}

function grammarOf({ grammar, json_schema, response_format }: z.output<typeof schema>): string | null {
  if (grammar) return grammar;
  if (json_schema !== undefined && json_schema !== null) return jsonSchemaGrammar(json_schema);
  switch (response_format?.type) {
    case 'json_schema':
      return jsonSchemaGrammar(response_format.json_schema.schema);
    case 'json_object':
      return response_format.schema === undefined
        ? jsonObjectGrammar
        : jsonSchemaGrammar(response_format.schema);
    default:
      return null;
  }
}

/** @throws ServedError 400 that names the field */
export function parsed<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues as [z.core.$ZodIssue];
  const param = path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
  throw new ServedError(400, param === '' ? `the request: ${message}` : `${param}: ${message}`, { param });
}

/** @throws ServedError 400 for a conversation that no engine here continues */
export function checked(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const pictures = messages.filter(({ picture }) => picture);
  if (pictures.length > 1) throw onePicture('messages');
  if (pictures.some(({ role }) => role !== 'user'))
    throw new ServedError(400, 'a picture must be in a message of the user', { param: 'messages' });
  if (messages.at(-1)?.role !== 'user')
    throw new ServedError(400, 'the last message must be of the user', { param: 'messages' });
  const length = messages.reduce((sum, { text }) => sum + text.length, 0);
  if (length > maxTextLength)
    throw new ServedError(400, `the messages have ${length} letters; the maximum is ${maxTextLength}`, {
      param: 'messages',
      code: 'context_length_exceeded',
    });
  return messages;
}

export function samplingOf(fields: z.output<z.ZodObject<typeof samplingFields>>): Sampling {
  const { temperature, top_k, top_p, min_p, repeat_penalty, seed } = fields;
  const values = {
    temperature,
    topK: top_k,
    topP: top_p,
    minP: min_p,
    repeatPenalty: repeat_penalty,
    // The engine takes 31 bits.
    seed:
      seed === null || seed === undefined
        ? seed
        : seed === -1
          ? Math.floor(Math.random() * 2 ** 31)
          : seed % 2 ** 31,
  };
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== null && value !== undefined),
  );
}

export function onePicture(param: string): ServedError {
  return new ServedError(400, 'only one picture for each request is supported; send the newest', { param });
}

export function unsupported(param: string): ServedError {
  return new ServedError(400, `${param}: is not supported; leave it out`, { param });
}
