import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { StaticFile } from './static-files.ts';

/** A route for each file of the page, and `/` for its index: no path is looked up. */
export function staticRoutes(scope: FastifyInstance, files: ReadonlyMap<string, StaticFile>): void {
  for (const [path, file] of files) {
    // The names of assets have a digest of their content.
    const caching = path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
    scope.get(path === 'index.html' ? '/' : `/${path}`, async (request, reply) =>
      send(file, caching, request, reply),
    );
  }
}

function send(
  { type, etag, plain, gzip }: StaticFile,
  caching: string,
  { headers }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  reply.headers({ 'Cache-Control': caching, 'Content-Type': type, ETag: etag, Vary: 'Accept-Encoding' });
  if (headers['if-none-match']?.includes(etag)) return reply.code(304).send();
  const takesGzip = /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''));
  if (gzip === null || !takesGzip) return reply.send(plain);
  return reply.header('Content-Encoding', 'gzip').send(gzip);
}
