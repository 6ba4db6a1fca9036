import { type ChildProcess, fork } from 'node:child_process';
import { EngineError, messageOf } from '../../domain/errors.ts';
import { onCpus } from '../native/on-cpus.ts';

// Work for the addon in a process of its own, because ggml aborts its process on some files, and some of its work can
// be ended in no other way. The process does one thing, then it ends.

type FromChild<Result> =
  | { readonly type: 'progress'; readonly fraction: number }
  | { readonly type: 'done'; readonly result: Result }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

export interface ChildOptions {
  /** Where it may run; null: anywhere. */
  readonly cpus?: readonly number[] | null;
  readonly signal?: AbortSignal | undefined;
  /** From 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/**
 * Runs a worker file that calls {@link serveParent}, and waits until its process has ended.
 * @param name what the process is called in an error: "the quantiser"
 * @throws EngineError with the code of what the work threw, CANCELLED, ENGINE_DIED where the process ended itself,
 * ENGINE_KILLED where the kernel ended it, or NOT_STARTED where there was no memory, process or descriptor left for it
 */
export async function runInChild<Request extends object, Result>(
  worker: URL,
  name: string,
  request: Request,
  { signal, onProgress, cpus = null }: ChildOptions,
): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const cancelled = (): EngineError => new EngineError('CANCELLED', `${name} was cancelled`);
  if (signal?.aborted) throw cancelled();
  const notStarted = (cause: unknown): EngineError =>
    new EngineError('NOT_STARTED', `${name}'s process cannot be started: ${messageOf(cause)}`, { cause });
  let child: ChildProcess;
  try {
    child = fork(worker, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], ...onCpus(cpus) });
  } catch (cause) {
    throw notStarted(cause); // Node throws for some of what goes wrong, and emits the rest
  }
  const stop = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  let last: FromChild<Result> | null = null;
  child.on('message', (message: FromChild<Result>) => {
    if (message.type === 'progress') {
      onProgress?.(message.fraction);
      return;
    }
    last = message;
    child.disconnect(); // its end
  });
  child.on('error', (cause) => reject(notStarted(cause)));
  child.on('exit', (code, killedBy) => {
    signal?.removeEventListener('abort', stop);
    if (signal?.aborted) reject(cancelled());
    else if (last?.type === 'done') resolve(last.result);
    else if (last?.type === 'failed') reject(new EngineError(last.code, last.message));
    else {
      const how = killedBy ? `killed by ${killedBy}` : `exit code ${code}`;
      // Nothing of ours sends it: memory has run out, and the next try may go well.
      const fault = killedBy === 'SIGKILL' ? 'ENGINE_KILLED' : 'ENGINE_DIED';
      reject(new EngineError(fault, `${name}'s process ended (${how})`));
    }
  });
  child.send(request, () => {});
  return promise;
}

/** The child's side: does the work for the one request that comes, and reports how it went. */
export function serveParent<Request, Result>(
  work: (request: Request, onProgress: (fraction: number) => void) => Promise<Result>,
): void {
  const send = (message: FromChild<Result>): void => {
    if (process.connected) process.send?.(message);
  };
  process.once('message', (request: Request) => {
    work(request, (fraction) => send({ type: 'progress', fraction })).then(
      (result) => send({ type: 'done', result }),
      (error: unknown) => {
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
        send({ type: 'failed', code, message: messageOf(error) });
      },
    );
  });
  // Without a parent nobody wants the result.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  // Ctrl-C signals the whole group; the parent decides when this process ends.
  process.on('SIGINT', () => {});
}
