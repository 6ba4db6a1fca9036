import { z } from 'zod';
import { EngineError, ScenecastError } from '../domain/errors.ts';
import { shorten } from '../domain/shorten.ts';
import { discardBody, type HttpAnswer } from '../system/http-client.ts';
import { httpErrorOf } from '../system/http-error.ts';

/** A reply has a few hundred tokens. */
const maxBodyBytes = 2 ** 20;

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

/** The server refuses what was asked of it, such as a grammar; not the picture or the token. */
export class RefusedRequest extends EngineError {}

/** Reads the answer of `/v1/chat/completions`. Rejects with an EngineError that says what is wrong and what to do. */
export async function readCompletion(answer: HttpAnswer): Promise<Completion> {
  const { status, header } = answer;
  if (status >= 300 && status < 400) {
    discardBody(answer);
    throw fault(`the server redirects (status ${status}); set engine.url to where it leads`);
  }
  const text = await readBody(answer);
  if (status < 200 || status >= 300) throw statusFault(status, text);
  const type = header('content-type')[0]?.split(';')[0]?.trim() ?? 'no type';
  const json = parseJson(text);
  if (json === undefined)
    throw fault(`the server answered with ${contentWords(text, type)}; check engine.url`);
  const result = schema.safeParse(json);
  if (!result.success)
    throw fault('the server answered with JSON that is no chat completion; check engine.url');
  const { choices, usage, timings, model, system_fingerprint } = result.data;
  const [{ message, finish_reason }] = choices as [(typeof choices)[number]];
  const image = usage?.prompt_tokens_details?.image_tokens ?? 0;
  return {
    text: (message.content ?? '').replace(/^\s*<think>.*?<\/think>/s, '').trim(),
    isCut: finish_reason === 'length',
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

function contentWords(text: string, type: string): string {
  if (/^\s*</.test(text)) return 'a web page';
  return /json/i.test(type) ? 'JSON that is cut or damaged' : `no JSON (${type})`;
}

async function readBody({ body }: HttpAnswer): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw fault('the server answered with more than 1 MiB; check engine.url');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function statusFault(status: number, text: string): EngineError {
  if (status === 401 || status === 403)
    return fault(`the server refuses the token (status ${status}); check engine.token_file`);
  const said = reasonIn(text);
  const why = said === '' ? '' : `: ${said}`;
  if (status === 404)
    return fault(
      `the server has no such address or model (status 404)${why}; check engine.url and engine.model`,
    );
  if (status === 429 || status === 503)
    return fault(`the server is busy or starting (status ${status})${why}`);
  const message = `the server refused the request (status ${status})${why}`;
  return status === 400 || status === 422 ? new RefusedRequest('REMOTE', message) : fault(message);
}

/** The reason in a server's error: `{error: {message}}`, or `{error}`. */
function reasonIn(text: string): string {
  const error = z
    .object({
      error: z.union([z.string(), z.object({ message: z.string() }).transform(({ message }) => message)]),
    })
    .safeParse(parseJson(text));
  return error.success ? shorten(error.data.error.replace(/[\p{Cc}\s]+/gu, ' ').trim(), 200) : '';
}

/** undefined: it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fault(message: string): EngineError {
  return new EngineError('REMOTE', message);
}

/** The reason why a request has failed, as an EngineError. */
export function remoteFault(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const { message } = error instanceof ScenecastError ? error : httpErrorOf(error);
  return new EngineError('REMOTE', `the server cannot be asked: ${message}`, { cause: error });
}
