import { messageOf } from '../domain/errors.ts';
import type { Log } from '../pipeline/ports.ts';
import type { Routes } from '../system/http-server.ts';
import type { RequestHead } from '../system/listen-address.ts';
import { readSecret } from '../system/read-secret.ts';
import { accessFault } from '../system/token-access.ts';
import type { Metrics } from './metrics.ts';

interface Refusal {
  readonly status: number;
  /** For who asks. */
  readonly message: string;
  /** For the log. */
  readonly reason: string;
}

/** Guesses of the token must not fill the log. */
const refusalEveryMs = 60_000;

/**
 * `/metrics`, for those with the token.
 * @param tokenFile its first line is the token, read for each request; null: none is needed, since only loopback is served
 */
export function metricsRoutes(
  metrics: Pick<Metrics, 'contentType' | 'text'>,
  tokenFile: string | null,
  log: Log,
): Routes {
  let lastRefusalMs = Number.NEGATIVE_INFINITY;
  return (scope) => {
    scope.get('/metrics', async ({ raw, ip }, reply) => {
      const refusal = await refusalOf(raw, tokenFile);
      reply.header('Cache-Control', 'no-store');
      if (!refusal) return reply.header('Content-Type', metrics.contentType).send(await metrics.text());
      const { status, message, reason } = refusal;
      const now = performance.now();
      if (now - lastRefusalMs >= refusalEveryMs) {
        lastRefusalMs = now;
        log.warn({ from: ip, reason }, 'request for metrics refused');
      }
      if (status === 401) reply.header('WWW-Authenticate', 'Bearer');
      return reply.code(status).type('text/plain; charset=utf-8').send(`${message}\n`);
    });
  };
}

async function refusalOf(request: RequestHead, tokenFile: string | null): Promise<Refusal | null> {
  try {
    const fault = accessFault(request, tokenFile && (await readSecret(tokenFile, 'web.metrics.token_file')));
    return fault && { ...fault, reason: fault.message };
  } catch (error) {
    const message = 'the token of this board cannot be read; see its log';
    return { status: 503, message, reason: messageOf(error) };
  }
}
