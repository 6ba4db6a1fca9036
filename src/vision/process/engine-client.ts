import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChatReply, ChatRequest } from '../../domain/chat.ts';
import { doublingBackOffMs } from '../../domain/doubling-back-off.ts';
import { EngineError, messageOf } from '../../domain/errors.ts';
import type { Heartbeat } from '../../domain/heartbeat.ts';
import type { Description } from '../../domain/observation.ts';
import { unlessAborted } from '../../domain/unless-aborted.ts';
import type {
  ChatEngine,
  ChatEvents,
  DescribeEvents,
  DescribeRequest,
  Describer,
  Log,
} from '../../pipeline/ports.ts';
import { onCpus } from '../native/on-cpus.ts';
import type { EngineInfo, EngineOptions, FromEngineProcess, ToEngineProcess } from './protocol.ts';
import { maxSilenceMs, SilenceWatch } from './silence-watch.ts';

export interface EngineClientOptions {
  readonly engine: EngineOptions;
  /** A description that takes longer fails, and the engine process is killed and restarted. */
  readonly deadlineMs: number;
  /** An engine process that sends no message for longer is killed and restarted. Default: 45 s. */
  readonly silenceMs?: number;
  readonly log: Log;
  /** From 0 to 1, while the model loads. */
  readonly onProgress?: (fraction: number) => void;
}

interface Loaded {
  readonly child: ChildProcess;
  readonly info: EngineInfo;
}

type EngineEvents = DescribeEvents & ChatEvents;

interface Pending {
  readonly events: EngineEvents;
  resolve(result: Description | ChatReply): void;
  reject(error: EngineError): void;
  /** Why the process was killed on purpose. */
  fault: EngineError | null;
}

const backOff = { firstMs: 500, maxMs: 60_000 } as const;
/** A killed process that has not exited by then is stuck in the kernel; only a reboot may help. */
const maxExitMs = 30_000;
/** Signals of a crash on an unreadable file, as opposed to an OOM kill, after which a retry may succeed. */
const crashes: ReadonlySet<NodeJS.Signals> = new Set(['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV']);

/**
 * The daemon's side of the engine process. The engine runs in a child process because ggml aborts its process on many
 * errors, an encode cannot be interrupted, and an OOM kill must not hit the daemon.
 */
export class EngineClient implements Describer, ChatEngine {
  readonly isInterruptible = true;
  readonly #options: EngineClientOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #closed = new AbortController();
  #ready: Promise<ChildProcess> | null = null;
  #child: ChildProcess | null = null;
  /** When a killed process must have exited. */
  #exitDueMs = Number.POSITIVE_INFINITY;
  #nextId = 1;
  /** Since the last description. */
  #restarts = 0;
  /** Of its process. */
  #starts = 0;

  constructor(options: EngineClientOptions) {
    this.#options = options;
  }

  /**
   * Starts the engine process and loads the model. `retry`: if the process dies meanwhile, for example because memory
   * runs out, start it again with back-off until it succeeds.
   * @throws EngineError if the model cannot be loaded (NOT_GGUF, GGUF_TRUNCATED, WIDTH_MISMATCH and so on; LOAD_CRASHED
   * if llama.cpp crashed on a file).
   */
  async start({ retry = false } = {}): Promise<EngineInfo> {
    const loading = this.#load().catch((error: unknown) => {
      const isDead = error instanceof EngineError && error.code === 'ENGINE_DIED';
      if (!retry || !isDead || this.#closed.signal.aborted) throw error;
      this.#options.log.error({ reason: error.message }, 'engine start failed; retrying');
      return this.#reload();
    });
    this.#ready = loading.then(({ child }) => child);
    this.#ready.catch(() => {});
    return (await loading).info;
  }

  /** Describes one picture, once the engine is ready. Rejects with an EngineError. */
  async describe(
    request: DescribeRequest,
    signal: AbortSignal,
    events: DescribeEvents = {},
  ): Promise<Description> {
    const ask = (id: number): ToEngineProcess => ({ type: 'describe', id, request });
    return (await this.#ask(ask, signal, events)) as Description;
  }

  /** Continues a conversation, once the engine is ready. Rejects with an EngineError. */
  async chat(request: ChatRequest, signal: AbortSignal, events: ChatEvents = {}): Promise<ChatReply> {
    const inPieces = events.onText !== undefined;
    const ask = (id: number): ToEngineProcess => ({ type: 'chat', id, request, inPieces });
    return (await this.#ask(ask, signal, events)) as ChatReply;
  }

  async #ask(
    message: (id: number) => ToEngineProcess,
    signal: AbortSignal,
    events: EngineEvents,
  ): Promise<Description | ChatReply> {
    if (!this.#ready) throw new EngineError('CLOSED', 'the engine is not started');
    const child = await unlessAborted(this.#ready, signal, cancelled);
    // Aborted in the same turn of the event loop, it has not rejected.
    if (signal.aborted) throw cancelled();
    const id = this.#nextId++;
    const { deadlineMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<Description | ChatReply>();
    const pending: Pending = { resolve, reject, events, fault: null };
    this.#pending.set(id, pending);
    const onAbort = (): void => {
      send(child, { type: 'cancel', id });
      reject(cancelled());
    };
    const deadline = setTimeout(() => {
      // Rejected when the process has exited, so that the next caller waits for the new one.
      pending.fault = new EngineError(
        'DEADLINE',
        `no description within ${deadlineMs} ms; restarting the engine`,
      );
      this.#kill(child);
    }, deadlineMs);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      send(child, message(id));
      const result = await promise;
      this.#restarts = 0;
      return result;
    } finally {
      clearTimeout(deadline);
      signal.removeEventListener('abort', onAbort);
      this.#pending.delete(id);
    }
  }

  /** Resolves when the engine is ready; rejects if the signal aborts. */
  async ready(signal: AbortSignal): Promise<void> {
    if (this.#ready) await unlessAborted(this.#ready, signal, cancelled);
  }

  /** How often the engine process was started again. */
  get restarts(): number {
    return Math.max(0, this.#starts - 1);
  }

  get heartbeat(): Heartbeat {
    return { loop: 'engine', dueMs: this.#exitDueMs };
  }

  /**
   * Restarts the engine process, after a start in progress; resolves when it is ready. Pending descriptions fail.
   * Rejects if the signal aborts.
   */
  async restart(signal: AbortSignal): Promise<void> {
    if (!this.#ready) throw new EngineError('CLOSED', 'the engine is not started');
    const child = await unlessAborted(this.#ready, signal, cancelled);
    for (const pending of this.#pending.values())
      pending.fault = new EngineError('RESTARTED', 'the engine was restarted on request');
    this.#restarts = 0;
    const isAlive = child.exitCode === null && child.signalCode === null;
    // Called after the listener of #load, which has already started the new process.
    const gone = isAlive && once(child, 'exit');
    this.#kill(child);
    if (gone) await unlessAborted(gone, signal, cancelled);
    await this.ready(signal);
  }

  /** The engine process's id, while it runs. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Kills the engine process and waits for its exit; pending descriptions reject. */
  async close(): Promise<void> {
    this.#closed.abort();
    const child = this.#child;
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await this.#ready?.catch(() => {});
    this.#ready = null;
  }

  async #load(): Promise<Loaded> {
    this.#starts++;
    const child = fork(new URL('./engine-process.ts', import.meta.url), [], {
      serialization: 'advanced',
      execArgv: [...process.execArgv, '--expose-gc'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      ...onCpus(this.#options.engine.cpus),
    });
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<EngineInfo>();
    let loaded = false;
    let isSilent = false;
    const silence = new SilenceWatch(this.#options.silenceMs ?? maxSilenceMs, () => {
      isSilent = true;
      this.#kill(child);
    });
    silence.start();
    child.on('message', (message: FromEngineProcess) => {
      silence.heard();
      if (message.type === 'loaded') {
        loaded = true;
        resolve(message.info);
      } else if (message.type === 'load-failed') {
        reject(new EngineError(message.fault.code, message.fault.message));
        this.#kill(child);
      } else this.#onMessage(message);
    });
    child.on('error', (error) => {
      this.#options.log.error({ reason: error.message }, 'engine process error');
      if (child.pid !== undefined) return;
      // The process did not start, so there is no exit event.
      silence.close();
      reject(
        new EngineError('ENGINE_DIED', `the engine process did not start: ${error.message}`, {
          cause: error,
        }),
      );
    });
    child.on('exit', (code, signal) => {
      silence.close();
      this.#exitDueMs = Number.POSITIVE_INFINITY;
      const ended = signal ? `killed by ${signal}` : `exit code ${code}`;
      const how = isSilent ? 'killed: unresponsive' : ended;
      const died = new EngineError('ENGINE_DIED', `the engine process exited (${how})`);
      reject(signal && crashes.has(signal) ? this.#crashed(how) : died);
      if (loaded && !this.#closed.signal.aborted) this.#restart(how);
      for (const pending of this.#pending.values()) pending.reject(pending.fault ?? died);
    });
    send(child, { type: 'load', options: this.#options.engine });
    return { child, info: await promise };
  }

  #kill(child: ChildProcess): void {
    if (child.exitCode !== null || child.signalCode !== null) return;
    this.#exitDueMs = performance.now() + maxExitMs;
    child.kill('SIGKILL');
  }

  #crashed(how: string): EngineError {
    const { textPath, mmprojPath } = this.#options.engine;
    return new EngineError(
      'LOAD_CRASHED',
      `${textPath} with ${mmprojPath}: llama.cpp crashed while loading them (${how}); one of them is damaged or of an ` +
        'unsupported kind; download them again or choose another model',
    );
  }

  #restart(how: string): void {
    this.#options.log.warn(
      { how, backOffMs: doublingBackOffMs(backOff, this.#restarts) },
      'engine exited; restarting',
    );
    this.#ready = this.#reload().then(({ child }) => child);
    this.#ready.catch(() => {}); // only close() rejects it
  }

  async #reload(): Promise<Loaded> {
    for (;;) {
      await sleep(doublingBackOffMs(backOff, this.#restarts++), undefined, { signal: this.#closed.signal });
      try {
        const loaded = await this.#load();
        this.#options.log.info({ ...loaded.info }, 'engine restarted');
        return loaded;
      } catch (error) {
        this.#closed.signal.throwIfAborted();
        this.#options.log.error({ reason: messageOf(error) }, 'engine start failed; retrying');
      }
    }
  }

  #onMessage(message: FromEngineProcess): void {
    if (message.type === 'done') this.#pending.get(message.id)?.resolve(message.result);
    else if (message.type === 'failed') {
      this.#pending.get(message.id)?.reject(new EngineError(message.fault.code, message.fault.message));
    } else if (message.type === 'reading') this.#pending.get(message.id)?.events.onReading?.();
    else if (message.type === 'generating') this.#pending.get(message.id)?.events.onGenerating?.();
    else if (message.type === 'text') this.#pending.get(message.id)?.events.onText?.(message.text);
    else if (message.type === 'progress') this.#options.onProgress?.(message.fraction);
    else if (message.type === 'log') this.#options.log[message.level]({ from: 'llama.cpp' }, message.text);
  }
}

/** Ignores a child that has just exited: its exit event is handled elsewhere. */
function send(child: ChildProcess, message: ToEngineProcess): void {
  if (child.connected) child.send(message, () => {});
}

function cancelled(): EngineError {
  return new EngineError('CANCELLED', 'the description was cancelled');
}
