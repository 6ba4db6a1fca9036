/** How much may wait in memory for the disk. */
const limitBytes = 4 * 1024 * 1024;

/**
 * Reads a body from now on, ahead of whoever takes the chunks. A web stream that breaks drops what it has queued;
 * here everything that came before the break is given first, so that each attempt brings what it brought.
 * @returns the chunks; then throws what the body threw.
 */
export function readAhead(body: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const queue: Uint8Array[] = [];
  let queuedBytes = 0;
  let end: { readonly error: unknown } | 'whole' | null = null;
  let wakeTaker = (): void => {};
  let wakeReader = (): void => {};
  const read = async (): Promise<void> => {
    const reader = body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        queue.push(value);
        queuedBytes += value.length;
        wakeTaker();
        while (queuedBytes >= limitBytes)
          await new Promise<void>((resolve) => {
            wakeReader = resolve;
          });
      }
      end = 'whole';
    } catch (error) {
      end = { error };
    }
    wakeTaker();
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
            wakeTaker = resolve;
          });
      }
    },
  };
}
