import type { FastifyInstance } from 'fastify';
import { ulid } from 'ulid';
import type { ChatReply } from '../domain/chat.ts';
import { readOpenAiRequest } from './openai-request.ts';
import type { StreamFormat } from './reply-stream.ts';
import type { ServedChats, ServedModel } from './served-chats.ts';
import type { ServedError } from './served-error.ts';

/** `/v1/models` and `/v1/chat/completions`, as OpenAI and llama-server answer them. */
export function openAiRoutes(scope: FastifyInstance, served: ServedChats, bodyLimit: number): void {
  const startedAt = Math.floor(Date.now() / 1000);
  const modelOf = ({ name, contextSize }: ServedModel): object => ({
    id: name,
    object: 'model',
    created: startedAt,
    owned_by: 'scenecast',
    architecture: { input_modalities: ['text', 'image'], output_modalities: ['text'] },
    meta: { n_ctx: contextSize },
  });
  scope.get('/v1/models', async () => ({ object: 'list', data: [modelOf(served.model)] }));
  scope.get('/v1/models/:id', async () => modelOf(served.model));
  const completion = { bodyLimit, onRequest: async (_: unknown, reply: Reply) => served.admit(reply) };
  scope.post('/v1/chat/completions', completion, async (request, reply) => {
    const { chat, isStreamed, wantsUsage } = await readOpenAiRequest(request.body);
    const { name, build } = served.model;
    const head = {
      id: `chatcmpl-${ulid()}`,
      created: Math.floor(Date.now() / 1000),
      model: name,
      system_fingerprint: build,
    };
    if (isStreamed) return served.stream(chat, request, reply, eventsOf(head, wantsUsage));
    const answer = await served.chat(chat, request, reply);
    return {
      ...head,
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: answer.text },
          logprobs: null,
          finish_reason: answer.finishReason,
        },
      ],
      usage: usageOf(answer),
      timings: timingsOf(answer),
    };
  });
}

type Reply = Parameters<ServedChats['admit']>[0];

/** Server-sent events, as OpenAI streams them. */
function eventsOf(head: object, wantsUsage: boolean): StreamFormat {
  const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
  const chunk = (delta: object, finish: string | null, extra: object = {}): string =>
    event({
      ...head,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...(wantsUsage && { usage: null }),
      ...extra,
    });
  let isFirst = true;
  const piece = (text: string): string => {
    const role = isFirst ? { role: 'assistant' } : {};
    isFirst = false;
    return chunk({ ...role, content: text }, null);
  };
  return {
    contentType: 'text/event-stream; charset=utf-8',
    comment: ': waiting\n\n',
    piece,
    end: (reply) =>
      [
        isFirst ? piece('') : '',
        chunk({}, reply.finishReason, { timings: timingsOf(reply) }),
        wantsUsage
          ? event({ ...head, object: 'chat.completion.chunk', choices: [], usage: usageOf(reply) })
          : '',
        'data: [DONE]\n\n',
      ].join(''),
    fault: (error) => event(openAiError(error)),
  };
}

/** An error as OpenAI's clients read it. */
export function openAiError({ message, type, param, code }: ServedError): object {
  return { error: { message, type, param, code } };
}

function usageOf({ tokens: { image, prompt, completion } }: ChatReply): object {
  return {
    prompt_tokens: image + prompt,
    completion_tokens: completion,
    total_tokens: image + prompt + completion,
    prompt_tokens_details: { cached_tokens: 0, image_tokens: image },
  };
}

/** As llama-server adds them. */
function timingsOf({ tokens, timings }: ChatReply): object {
  const { packMs, encodeMs, prefillMs, generateMs } = timings;
  return {
    prompt_n: tokens.image + tokens.prompt,
    prompt_ms: packMs + encodeMs + prefillMs,
    predicted_n: tokens.completion,
    predicted_ms: generateMs,
  };
}
