import type { FastifyReply } from 'fastify';
import type { Routes } from '../system/http-server.ts';
import { type ReadinessReadings, unreadiness } from './readiness.ts';

/** `/healthz` and `/readyz`, for anyone who can reach the server. */
export function readinessRoutes(readings: ReadinessReadings): Routes {
  return (scope) => {
    scope.get('/healthz', async (_, reply) => plain(reply, 'ok'));
    scope.get('/readyz', async (_, reply) => {
      const reasons = unreadiness(readings);
      return plain(reply.code(reasons.length === 0 ? 200 : 503), reasons.join('\n') || 'ok');
    });
  };
}

function plain(reply: FastifyReply, text: string): FastifyReply {
  return reply
    .headers({ 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' })
    .send(`${text}\n`);
}
