import { z } from 'zod';
import { EngineError } from '../domain/errors.ts';
import { HttpClient } from '../system/http-client.ts';
import { readServerJson, remoteFault, routeAt } from './server-answer.ts';

const schema = z.object({ data: z.array(z.object({ id: z.string() })) });

/** The models that a server lists. Rejects with an EngineError that says what is wrong and what to do. */
export async function serverModels(
  url: string,
  token: string | null,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const client = new HttpClient({ headTimeoutMs: timeoutMs, trust: null });
  const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
  try {
    const answer = await client.get(routeAt(url, 'models'), headers, signal);
    const result = schema.safeParse(await readServerJson(answer));
    if (result.success) return result.data.data.map(({ id }) => id);
    throw new EngineError('REMOTE', 'the server answered with JSON that lists no models; check engine.url');
  } catch (error) {
    throw remoteFault(error);
  } finally {
    client.close();
  }
}
