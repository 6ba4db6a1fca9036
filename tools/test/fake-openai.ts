import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface FakeOpenAiRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: tests inspect any field
  readonly body: any;
  /** The words of the question. */
  readonly words: string;
}

export interface FakeOpenAi {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  readonly requests: FakeOpenAiRequest[];
}

/** What a server answers: the text of the completion, or anything else by hand. */
type Answer = (
  request: FakeOpenAiRequest,
  response: ServerResponse,
) => string | null | Promise<string | null>;

/** A server with OpenAI's chat completions on loopback; closed when the test ends. */
export async function startFakeOpenAi(answer: Answer): Promise<FakeOpenAi> {
  const requests: FakeOpenAiRequest[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    const { content } = body.messages.at(-1);
    const request: FakeOpenAiRequest = {
      path: incoming.url ?? '',
      headers: incoming.headers,
      body,
      words: content.find((part: { type: string }) => part.type === 'text').text,
    };
    requests.push(request);
    const text = await answer(request, response);
    if (text === null) return;
    response.setHeader('Content-Type', 'application/json');
    response.end(
      JSON.stringify({
        model: 'big-vl',
        choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 700, completion_tokens: 9, total_tokens: 709 },
      }),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** An error in the shape of OpenAI. */
export function openAiFault(response: ServerResponse, status: number, message: string): null {
  response
    .writeHead(status, { 'Content-Type': 'application/json' })
    .end(JSON.stringify({ error: { message } }));
  return null;
}
