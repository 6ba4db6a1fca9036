import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { doublingBackOffMs } from '../../domain/doubling-back-off.ts';
import { EngineError, messageOf } from '../../domain/errors.ts';
import type { Heartbeat } from '../../domain/heartbeat.ts';
import type { Description } from '../../domain/observation.ts';
import { unlessAborted } from '../../domain/unless-aborted.ts';
import type { DescribeRequest, Describer, Log } from '../../pipeline/ports.ts';
import { onCpus } from '../native/on-cpus.ts';
import type { EngineInfo, EngineOptions, FromWorker, ToWorker } from './protocol.ts';
import { longestSilenceMs, SilenceWatch } from './silence-watch.ts';

export interface EngineClientOptions {
  readonly engine: EngineOptions;
  /** A description that takes longer fails, and the engine's process is killed and started anew. */
  readonly deadlineMs: number;
  /** An engine's process that gives no sign of life for longer is killed and started anew. Default: 45 s. */
  readonly silenceMs?: number;
  readonly log: Log;
  /** From 0 to 1, while the model is loaded. */
  readonly onProgress?: (fraction: number) => void;
}

interface Loaded {
  readonly child: ChildProcess;
  readonly info: EngineInfo;
}

interface Pending {
  resolve(description: Description): void;
  reject(error: EngineError): void;
  /** Why its process was killed, where that was on purpose. */
  fault: EngineError | null;
}

const backOff = { firstMs: 500, maxMs: 60_000 } as const;
/** A killed process that is still there after so long waits for a device for ever, and only a reboot may help. */
const longestDeathMs = 30_000;
/** What ends a process that loads a file it cannot read; an OOM kill, where trying again may help, does not. */
const crashes: ReadonlySet<NodeJS.Signals> = new Set(['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV']);

/**
 * The daemon's side of the engine. The engine runs in a child process, because ggml aborts its process on
 * many errors, an encode cannot be interrupted, and an OOM kill must not take the daemon.
 */
export class EngineClient implements Describer {
  readonly #options: EngineClientOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #closed = new AbortController();
  #ready: Promise<ChildProcess> | null = null;
  #child: ChildProcess | null = null;
  /** When a process that was killed must be gone. */
  #goneByMs = Number.POSITIVE_INFINITY;
  #nextId = 1;
  /** Since the last description. */
  #restarts = 0;

  constructor(options: EngineClientOptions) {
    this.#options = options;
  }

  /**
   * Starts the engine's process and loads the model. `triesAgain`: where the process dies of it, as when memory runs out,
   * it is started anew, with back-off, for as long as it takes.
   * @throws EngineError where it cannot be loaded (NOT_GGUF, GGUF_TRUNCATED, WIDTH_MISMATCH and such; LOAD_CRASHED where
   * llama.cpp ended its process over a file).
   */
  async start({ triesAgain = false } = {}): Promise<EngineInfo> {
    const loading = this.#load().catch((error: unknown) => {
      const isDead = error instanceof EngineError && error.code === 'ENGINE_DIED';
      if (!triesAgain || !isDead || this.#closed.signal.aborted) throw error;
      this.#options.log.error({ reason: error.message }, 'the engine cannot be started');
      return this.#reload();
    });
    this.#ready = loading.then(({ child }) => child);
    this.#ready.catch(() => {});
    return (await loading).info;
  }

  /** Describes one picture; waits for the engine where it is being started anew. Rejects with an EngineError. */
  async describe(request: DescribeRequest, signal: AbortSignal): Promise<Description> {
    if (!this.#ready) throw new EngineError('CLOSED', 'the engine is not started');
    if (signal.aborted) throw cancelled();
    const child = await unlessAborted(this.#ready, signal, cancelled);
    const id = this.#nextId++;
    const { deadlineMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<Description>();
    const pending: Pending = { resolve, reject, fault: null };
    this.#pending.set(id, pending);
    const onAbort = (): void => {
      send(child, { type: 'cancel', id });
      reject(cancelled());
    };
    const deadline = setTimeout(() => {
      // Rejected when the process has ended, so that whoever asks next waits for the new one.
      pending.fault = new EngineError(
        'DEADLINE',
        `no description within ${deadlineMs} ms; the engine is started anew`,
      );
      this.#kill(child);
    }, deadlineMs);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      send(child, { type: 'describe', id, request });
      const description = await promise;
      this.#restarts = 0;
      return description;
    } finally {
      clearTimeout(deadline);
      signal.removeEventListener('abort', onAbort);
      this.#pending.delete(id);
    }
  }

  /** Resolves when the engine is not (or no longer) being started anew; rejects where the signal aborts. */
  async ready(signal: AbortSignal): Promise<void> {
    if (this.#ready) await unlessAborted(this.#ready, signal, cancelled);
  }

  get heartbeat(): Heartbeat {
    return { loop: 'engine', dueMs: this.#goneByMs };
  }

  /**
   * Ends the engine's process, and starts it anew; resolves when it is ready. What is under way fails. One that is being started
   * anyway is waited for. Rejects where the signal aborts.
   */
  async restart(signal: AbortSignal): Promise<void> {
    if (!this.#ready) throw new EngineError('CLOSED', 'the engine is not started');
    const child = await unlessAborted(this.#ready, signal, cancelled);
    for (const pending of this.#pending.values())
      pending.fault = new EngineError('RESTARTED', 'the engine is started anew, as somebody requested');
    this.#restarts = 0;
    const isAlive = child.exitCode === null && child.signalCode === null;
    // Heard after the listener of #load, which has then begun the new one.
    const gone = isAlive && once(child, 'exit');
    this.#kill(child);
    if (gone) await unlessAborted(gone, signal, cancelled);
    await this.ready(signal);
  }

  /** The process id of the engine, while it lives. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Kills the engine's process and waits for its end; what was under way rejects. */
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
    const child = fork(new URL('./engine-process.ts', import.meta.url), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      ...onCpus(this.#options.engine.cpus),
    });
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<EngineInfo>();
    let loaded = false;
    let isSilent = false;
    const silence = new SilenceWatch(this.#options.silenceMs ?? longestSilenceMs, () => {
      isSilent = true;
      this.#kill(child);
    });
    silence.start();
    child.on('message', (message: FromWorker) => {
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
      this.#options.log.error({ reason: error.message }, 'engine process');
      if (child.pid !== undefined) return;
      // It could not even be started, and has no exit to wait for.
      silence.close();
      reject(new EngineError('ENGINE_DIED', `the engine's process: ${error.message}`, { cause: error }));
    });
    child.on('exit', (code, signal) => {
      silence.close();
      this.#goneByMs = Number.POSITIVE_INFINITY;
      const ended = signal ? `killed by ${signal}` : `exit code ${code}`;
      const how = isSilent ? 'killed, as it gave no sign of life' : ended;
      const died = new EngineError('ENGINE_DIED', `the engine's process ended (${how})`);
      reject(signal && crashes.has(signal) ? this.#crashed(how) : died);
      if (loaded && !this.#closed.signal.aborted) this.#restart(how);
      for (const pending of this.#pending.values()) pending.reject(pending.fault ?? died);
    });
    send(child, { type: 'load', options: this.#options.engine });
    return { child, info: await promise };
  }

  #kill(child: ChildProcess): void {
    if (child.exitCode !== null || child.signalCode !== null) return;
    this.#goneByMs = performance.now() + longestDeathMs;
    child.kill('SIGKILL');
  }

  #crashed(how: string): EngineError {
    const { textPath, mmprojPath } = this.#options.engine;
    return new EngineError(
      'LOAD_CRASHED',
      `${textPath} with ${mmprojPath}: llama.cpp ended its process while loading them (${how}); one of them is ` +
        'damaged, or of a kind that it cannot read',
    );
  }

  #restart(how: string): void {
    this.#options.log.warn(
      { how, backOffMs: doublingBackOffMs(backOff, this.#restarts) },
      'the engine died; starting it anew',
    );
    this.#ready = this.#reload().then(({ child }) => child);
    this.#ready.catch(() => {}); // only close() ends it with a rejection
  }

  async #reload(): Promise<Loaded> {
    for (;;) {
      await sleep(doublingBackOffMs(backOff, this.#restarts++), undefined, { signal: this.#closed.signal });
      try {
        const loaded = await this.#load();
        this.#options.log.info({ ...loaded.info }, 'the engine is back');
        return loaded;
      } catch (error) {
        this.#closed.signal.throwIfAborted();
        this.#options.log.error({ reason: messageOf(error) }, 'the engine cannot be started');
      }
    }
  }

  #onMessage(message: FromWorker): void {
    if (message.type === 'described') this.#pending.get(message.id)?.resolve(message.description);
    else if (message.type === 'failed') {
      this.#pending.get(message.id)?.reject(new EngineError(message.fault.code, message.fault.message));
    } else if (message.type === 'progress') this.#options.onProgress?.(message.fraction);
    else if (message.type === 'log') this.#options.log[message.level]({ from: 'llama.cpp' }, message.text);
  }
}

/** A child that has just died must not throw at whoever still talks to it: its exit is reported elsewhere. */
function send(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => {});
}

function cancelled(): EngineError {
  return new EngineError('CANCELLED', 'the description was cancelled');
}
