import { type ChildProcess, fork } from 'node:child_process';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { EngineError } from '../domain/errors.ts';
import type { QuantizeOptions } from './addon.ts';

export interface QuantizeFileOptions extends Omit<QuantizeOptions, 'threads'> {
  readonly threads: number;
  readonly signal?: AbortSignal;
}

export type ToQuantizer = Required<Omit<QuantizeOptions, 'onProgress'>>;

export type FromQuantizer =
  | { readonly type: 'progress'; readonly fraction: number }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

/**
 * Quantises a GGUF file with llama.cpp's own quantiser, in a process of its own, because ggml aborts its process on
 * some files and a quantisation can be ended in no other way. `outputPath` appears, complete and on the disk, only at
 * the end: until then the file is called `<outputPath>.part`.
 * @throws EngineError: the codes of `MtmdAddon.quantize`, CANCELLED, or ENGINE_DIED where the process ended itself
 */
export async function quantizeFile(options: QuantizeFileOptions): Promise<void> {
  const { type, threads, signal, onProgress } = options;
  const inputPath = resolve(options.inputPath);
  const outputPath = resolve(options.outputPath);
  if (inputPath === outputPath) {
    throw new EngineError('INVALID_ARGUMENT', `${inputPath} cannot be quantised onto itself`);
  }
  if (signal?.aborted) throw cancelled();
  const partPath = `${outputPath}.part`;
  const child = fork(new URL('./quantize-worker.ts', import.meta.url), [], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const stop = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  try {
    child.send({ inputPath, outputPath: partPath, type, threads } satisfies ToQuantizer, () => {});
    await outcome(child, onProgress);
    await flush(partPath);
    await rename(partPath, outputPath);
    await flush(dirname(outputPath));
  } catch (error) {
    await rm(partPath, { force: true });
    throw signal?.aborted ? cancelled() : error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** Resolves once the child has ended after its work; rejects with what went wrong, also once it has ended. */
function outcome(child: ChildProcess, onProgress: ((fraction: number) => void) | undefined): Promise<void> {
  const { promise, resolve: settle, reject } = Promise.withResolvers<void>();
  let last: FromQuantizer | null = null;
  child.on('message', (message: FromQuantizer) => {
    if (message.type === 'progress') {
      onProgress?.(message.fraction);
      return;
    }
    last = message;
    child.disconnect(); // its end
  });
  child.on('error', (cause) => reject(new EngineError('ENGINE_DIED', cause.message, { cause })));
  child.on('exit', (code, signal) => {
    if (last?.type === 'done') settle();
    else if (last?.type === 'failed') reject(new EngineError(last.code, last.message));
    else {
      const how = signal ? `killed by ${signal}` : `exit code ${code}`;
      reject(new EngineError('ENGINE_DIED', `the quantiser's process ended (${how})`));
    }
  });
  return promise;
}

/** Waits until a file, or a folder's list of files, is on the disk. */
async function flush(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function cancelled(): EngineError {
  return new EngineError('CANCELLED', 'the quantisation was cancelled');
}
