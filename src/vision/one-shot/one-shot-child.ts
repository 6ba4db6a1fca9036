import { type ChildProcess, fork } from 'node:child_process';
import { codeOf, EngineError, messageOf } from '../../domain/errors.ts';
import { onCpus } from '../native/on-cpus.ts';

// Runs one job of the addon in a child process, because ggml aborts its process on some files, and some jobs can only
// be stopped by killing it.

type FromChild<Result> =
  | { readonly type: 'progress'; readonly fraction: number }
  | { readonly type: 'done'; readonly result: Result }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

export interface ChildOptions {
  /** CPUs to run on; null: any. */
  readonly cpus?: readonly number[] | null;
  readonly signal?: AbortSignal | undefined;
  /** From 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/**
 * Runs a worker file that calls {@link serveParent}, and waits for its process to exit.
 * @param job its name in errors: "quantisation"
 * @throws EngineError with the code that the worker threw, CANCELLED, ENGINE_DIED if the process crashed,
 * ENGINE_KILLED if the kernel killed it, or NOT_STARTED if memory, processes or descriptors ran out
 */
export async function runInChild<Request extends object, Result>(
  worker: URL,
  job: string,
  request: Request,
  { signal, onProgress, cpus = null }: ChildOptions,
): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const cancelled = (): EngineError => new EngineError('CANCELLED', `${job} was cancelled`);
  if (signal?.aborted) throw cancelled();
  const notStarted = (cause: unknown): EngineError =>
    new EngineError('NOT_STARTED', `${job}: the process cannot be started: ${messageOf(cause)}`, { cause });
  let child: ChildProcess;
  try {
    child = fork(worker, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], ...onCpus(cpus) });
  } catch (cause) {
    throw notStarted(cause); // Node throws some failures and emits others
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
    child.disconnect(); // makes it exit
  });
  child.on('error', (cause) => reject(notStarted(cause)));
  child.on('exit', (code, killedBy) => {
    signal?.removeEventListener('abort', stop);
    if (signal?.aborted) reject(cancelled());
    else if (last?.type === 'done') resolve(last.result);
    else if (last?.type === 'failed') reject(new EngineError(last.code, last.message));
    else {
      const how = killedBy ? `killed by ${killedBy}` : `exit code ${code}`;
      // Only the kernel sends it, when memory runs out: a retry may succeed.
      const fault = killedBy === 'SIGKILL' ? 'ENGINE_KILLED' : 'ENGINE_DIED';
      reject(new EngineError(fault, `${job}: the process exited (${how})`));
    }
  });
  child.send(request, () => {});
  return promise;
}

/** The child's side: handles its one request and reports the result. */
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
        send({ type: 'failed', code: String(codeOf(error) ?? 'UNKNOWN'), message: messageOf(error) });
      },
    );
  });
  // Without a parent the result is useless.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  // Ctrl-C signals the whole group; the parent decides when this process exits.
  process.on('SIGINT', () => {});
}
