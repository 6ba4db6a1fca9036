/** Max bytes waiting in memory for the disk. */
const limitBytes = 4 * 1024 * 1024;

/**
 * Reads a body ahead of its consumer. A web stream drops its queue on an error; this yields everything received before
 * the error first, so that no attempt loses data.
 * @returns the chunks; then throws the body's error.
 */
export function readAhead(body: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const queue: Uint8Array[] = [];
  let queuedBytes = 0;
  let end: { readonly error: unknown } | 'whole' | null = null;
  let wakeConsumer = (): void => {};
  let wakeReader = (): void => {};
  const read = async (): Promise<void> => {
    const reader = body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        queue.push(value);
        queuedBytes += value.length;
        wakeConsumer();
        while (queuedBytes >= limitBytes)
          await new Promise<void>((resolve) => {
            wakeReader = resolve;
          });
      }
      end = 'whole';
    } catch (error) {
      end = { error };
    }
    wakeConsumer();
  };
  void read();
  return {
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const chunk = queue.shift();
        if (chunk !== undefined) {
          queuedBytes -= chunk.length;
          wakeReader();
          yield chunk;
        } else if (end === 'whole') return;
        else if (end !== null) throw end.error;
        else
          await new Promise<void>((resolve) => {
            wakeConsumer = resolve;
          });
      }
    },
  };
}
