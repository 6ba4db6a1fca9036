import { z } from 'zod';
import { EngineError, ScenecastError } from '../domain/errors.ts';
import { shorten } from '../domain/shorten.ts';
import { discardBody, type HttpAnswer } from '../system/http-client.ts';
import { httpErrorOf } from '../system/http-error.ts';
import { readAtMost } from '../system/read-at-most.ts';

/** A reply has a few hundred tokens. */
const maxBodyBytes = 2 ** 20;

/** The server refuses what was asked of it, such as a grammar; not the picture or the token. */
export class RefusedRequest extends EngineError {}

/** The address of a route of OpenAI's API, such as `chat/completions`, at `engine.url`, which may end with /v1 already. */
export function routeAt(url: string, route: string): URL {
  const base = url.replace(/\/+$/, '');
  return new URL(`${/\/v1$/.test(base) ? base : `${base}/v1`}/${route}`);
}

/** The JSON that a server answers. Rejects with an EngineError that says what is wrong and what to do. */
export async function readServerJson(answer: HttpAnswer): Promise<unknown> {
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
  return json;
}

function contentWords(text: string, type: string): string {
  if (/^\s*</.test(text)) return 'a web page';
  return /json/i.test(type) ? 'JSON that is cut or damaged' : `no JSON (${type})`;
}

async function readBody({ body }: HttpAnswer): Promise<string> {
  const bytes = await readAtMost(body, maxBodyBytes);
  if (!bytes) throw fault('the server answered with more than 1 MiB; check engine.url');
  return bytes.toString('utf8');
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
