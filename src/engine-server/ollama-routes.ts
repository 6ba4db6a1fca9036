import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ChatReply } from '../domain/chat.ts';
import { type OllamaRequest, readOllamaChat, readOllamaGenerate } from './ollama-request.ts';
import type { ServedChats, ServedModel } from './served-chats.ts';
import type { ServedError } from './served-error.ts';

/** Where a reply's text goes. */
type Place = (text: string) => object;

const inMessage: Place = (content) => ({ message: { role: 'assistant', content } });
const inResponse: Place = (response) => ({ response });

/** `/api/chat` and `/api/generate`, and of the model list what clients ask before, as Ollama answers them. */
export function ollamaRoutes(scope: FastifyInstance, served: ServedChats, bodyLimit: number): void {
  const startedAt = new Date().toISOString();
  scope.get('/api/tags', async () => {
    const model = served.model;
    return {
      models: [
        {
          name: model.name,
          model: model.name,
          modified_at: startedAt,
          size: 0,
          digest: createHash('sha256').update(JSON.stringify(model)).digest('hex'),
          details: detailsOf(model),
        },
      ],
    };
  });
  scope.post('/api/show', async () => ({
    modelfile: '',
    parameters: '',
    template: '',
    details: detailsOf(served.model),
    model_info: { 'general.architecture': 'scenecast', 'scenecast.context_length': served.model.contextSize },
    capabilities: ['completion', 'vision'],
  }));
  const post = (path: string, read: (body: unknown) => Promise<OllamaRequest>, place: Place): void => {
    const admission = {
      bodyLimit,
      onRequest: async (_: unknown, reply: FastifyReply) => served.admit(reply),
    };
    scope.post(path, admission, async (request, reply) =>
      answer(served, await read(request.body), request, reply, place),
    );
  };
  post('/api/chat', readOllamaChat, inMessage);
  post('/api/generate', readOllamaGenerate, inResponse);
}

async function answer(
  served: ServedChats,
  { chat, isStreamed }: OllamaRequest,
  request: FastifyRequest,
  reply: FastifyReply,
  place: Place,
): Promise<object> {
  const startMs = performance.now();
  const head = (): object => ({ model: served.model.name, created_at: new Date().toISOString() });
  const line = (data: object): string => `${JSON.stringify(data)}\n`;
  const end = (result: ChatReply, text: string): object => ({
    ...head(),
    ...place(text),
    done: true,
    done_reason: result.finishReason,
    ...countsOf(result, performance.now() - startMs),
  });
  if (!isStreamed) {
    const result = await served.chat(chat, request, reply);
    return end(result, result.text);
  }
  return served.stream(chat, request, reply, {
    contentType: 'application/x-ndjson',
    comment: null,
    piece: (text) => line({ ...head(), ...place(text), done: false }),
    end: (result) => line(end(result, '')),
    fault: (error) => line(ollamaError(error)),
  });
}

/** An error as Ollama's clients read it. */
export function ollamaError({ message }: ServedError): object {
  return { error: message };
}

function detailsOf({ quant }: ServedModel): object {
  return {
    parent_model: '',
    format: 'gguf',
    family: 'scenecast',
    families: ['scenecast'],
    parameter_size: '',
    quantization_level: quant,
  };
}

/** Durations in nanoseconds. */
function countsOf({ tokens, timings }: ChatReply, totalMs: number): object {
  const { packMs, encodeMs, prefillMs, generateMs } = timings;
  const nanoseconds = (ms: number): number => Math.round(ms * 1e6);
  return {
    total_duration: nanoseconds(totalMs),
    load_duration: 0,
    prompt_eval_count: tokens.image + tokens.prompt,
    prompt_eval_duration: nanoseconds(packMs + encodeMs + prefillMs),
    eval_count: tokens.completion,
    eval_duration: nanoseconds(generateMs),
  };
}
