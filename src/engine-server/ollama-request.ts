import { z } from 'zod';
import type { ChatMessage, ChatRequest } from '../domain/chat.ts';
import { jsonObjectGrammar, jsonSchemaGrammar } from './json-schema-grammar.ts';
import { checked, onePicture, parsed, samplingFields, samplingOf, unsupported } from './openai-request.ts';
import { servedPicture } from './served-picture.ts';

const shared = {
  stream: z.boolean().nullish(),
  /** `json`, or a JSON Schema. */
  format: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
  options: z
    .object({ ...samplingFields, num_predict: z.int().nullish(), stop: z.array(z.string()).nullish() })
    .nullish(),
};
const images = z.array(z.string()).nullish();

const chatSchema = z.object({
  ...shared,
  messages: z
    .array(
      z.object({
        role: z.enum(['system', 'user', 'assistant']),
        content: z.string().nullish(),
        images,
      }),
    )
    .min(1)
    .max(100),
  tools: z.array(z.unknown()).nullish(),
});

const generateSchema = z.object({
  ...shared,
  prompt: z.string(),
  system: z.string().nullish(),
  images,
  raw: z.boolean().nullish(),
  suffix: z.string().nullish(),
});

export interface OllamaRequest {
  readonly chat: ChatRequest;
  readonly isStreamed: boolean;
}

/** Reads the body of Ollama's `/api/chat`. @throws ServedError */
export async function readOllamaChat(body: unknown): Promise<OllamaRequest> {
  const request = parsed(chatSchema, body);
  if ((request.tools?.length ?? 0) > 0) throw unsupported('tools');
  const messages = request.messages.map(({ role, content, images }, index) =>
    messageOf(role, content ?? '', images, `messages[${index}].images`),
  );
  return requestOf(await Promise.all(messages), request);
}

/** Reads the body of Ollama's `/api/generate`. @throws ServedError */
export async function readOllamaGenerate(body: unknown): Promise<OllamaRequest> {
  const request = parsed(generateSchema, body);
  if (request.raw) throw unsupported('raw');
  if (request.suffix) throw unsupported('suffix');
  const { system, prompt, images } = request;
  const messages = [
    ...(system ? [{ role: 'system' as const, text: system }] : []),
    await messageOf('user', prompt, images, 'images'),
  ];
  return requestOf(messages, request);
}

async function messageOf(
  role: ChatMessage['role'],
  content: string,
  images: readonly string[] | null | undefined,
  param: string,
): Promise<ChatMessage> {
  const [image, ...others] = images ?? [];
  if (others.length > 0) throw onePicture(param);
  if (image === undefined) return { role, text: content };
  // The mark says where Ollama would put the picture; here the model's own format decides.
  const text = content.replace(/\[img(-\d+)?\]\s*/g, '');
  return { role, text, picture: await servedPicture(image, param) };
}

function requestOf(
  messages: readonly ChatMessage[],
  { format, options, stream }: z.output<z.ZodObject<typeof shared>>,
): OllamaRequest {
  if ((options?.stop?.length ?? 0) > 0) throw unsupported('options.stop');
  const limit = options?.num_predict ?? -1;
  return {
    chat: {
      messages: checked(messages),
      // -1: until the end; -2: until the context is full.
      maxTokens: limit > 0 ? limit : null,
      sampling: samplingOf(options ?? {}),
      grammar: grammarOf(format),
    },
    isStreamed: stream ?? true,
  };
}

function grammarOf(format: string | Record<string, unknown> | null | undefined): string | null {
  if (format === null || format === undefined || format === '') return null;
  return format === 'json' ? jsonObjectGrammar : jsonSchemaGrammar(format);
}
