import type { Readable } from 'node:stream';
import { httpErrorOf } from '../../system/http-error.ts';

/** Max bytes waiting in memory for the disk. */
const limitBytes = 4 * 1024 * 1024;

/**
 * Reads a body ahead of its consumer. A stream drops its buffer on an error; this yields everything received before the
 * error first, so that no attempt loses data. A consumer that stops early destroys the body.
 * @returns the chunks; then throws the body's error, as an HttpError.
 */
export function readAhead(body: Readable): AsyncIterable<Buffer> {
  const queue: Buffer[] = [];
  let queuedBytes = 0;
  let end: { readonly error: unknown } | 'whole' | null = null;
  let wake = (): void => {};
  const finish = (how: typeof end): void => {
    end ??= how;
    wake();
  };
  body.on('data', (chunk: Buffer) => {
    queue.push(chunk);
    queuedBytes += chunk.length;
    if (queuedBytes >= limitBytes) body.pause();
    wake();
  });
  body.once('end', () => finish('whole'));
  body.on('error', (error) => finish({ error }));
  body.once('close', () => finish({ error: Object.assign(new Error('closed'), { code: 'ECONNRESET' }) }));
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          const chunk = queue.shift();
          if (chunk !== undefined) {
            queuedBytes -= chunk.length;
            if (queuedBytes < limitBytes) body.resume();
            yield chunk;
          } else if (end === 'whole') return;
          else if (end !== null) throw httpErrorOf(end.error);
          else
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
        }
      } finally {
        body.destroy();
      }
    },
  };
}
