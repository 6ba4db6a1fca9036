import type { FastifyReply } from 'fastify';
import { WindowError } from './window-error.ts';

/** @param jpeg null: there is none. @throws WindowError 404 */
export function sendPicture(reply: FastifyReply, jpeg: Uint8Array | null): FastifyReply {
  if (!jpeg) throw new WindowError(404, 'unknown', 'there is no such picture, or the config shows none');
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.length);
  return reply.header('Content-Type', 'image/jpeg').send(bytes);
}
