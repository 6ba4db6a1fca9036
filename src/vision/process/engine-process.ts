import { writeFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { basename } from 'node:path';
import type { ChatReply } from '../../domain/chat.ts';
import { codeOf, messageOf } from '../../domain/errors.ts';
import type { Description } from '../../domain/observation.ts';
import { loadSharp } from '../../system/sharp.ts';
import { ChatResponder } from '../chat-responder.ts';
import { loadAddon } from '../native/addon.ts';
import { loadCpuModule } from '../native/cpu-module.ts';
import type { MtmdEngine } from '../native/mtmd-engine.ts';
import { choosePictureEncoder, showsAreas, usesDetail } from '../picture/picture-encoder.ts';
import { PictureDescriber } from '../picture-describer.ts';
import { loadEngine } from './load-engine.ts';
import type {
  EngineFault,
  EngineInfo,
  EngineOptions,
  FromEngineProcess,
  ToEngineProcess,
} from './protocol.ts';
import { aliveIntervalMs } from './silence-watch.ts';

// The engine process: loads one model, then describes one picture after another, or continues conversations.

type Job = Extract<ToEngineProcess, { type: 'describe' | 'chat' }>;

let engine: MtmdEngine | null = null;
let model: { readonly describer: PictureDescriber; readonly responder: ChatResponder } | null = null;
const maxBufferBytes = 32 * 1024 ** 2;
/** Pending ones by id. */
const jobs = new Map<number, AbortController>();
let queue: Promise<void> = Promise.resolve();
let cancelledAtMs = Number.NEGATIVE_INFINITY;

/** To llama.cpp a cancelled call has failed. Its lines may come after the call's end; any other failure reports its own error. */
const isCancelling = (): boolean => performance.now() - cancelledAtMs < 2000;

process.on('message', (message: ToEngineProcess) => {
  if (message.type === 'cancel') {
    jobs.get(message.id)?.abort();
    cancelledAtMs = performance.now();
    return;
  }
  if (message.type !== 'load') jobs.set(message.id, new AbortController());
  queue = queue.then(() => (message.type === 'load' ? load(message.options) : run(message)));
});
// Ctrl-C and systemd signal the whole group; the parent decides when this process exits.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
// Without a parent the answer is useless, and a running decode would delay a normal exit.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
preferAsOomVictim();
// The parent kills a process that is stopped, or whose event loop is blocked, when these messages stop.
setInterval(() => send({ type: 'alive' }), aliveIntervalMs);

async function load(options: EngineOptions): Promise<void> {
  try {
    const addon = loadAddon();
    addon.setLogger((level, text) => {
      // Many of llama.cpp's warnings are harmless; a failing call reports its own error.
      if (level === 'warn') send({ type: 'log', level: 'debug', text: text.trim() });
      if (level === 'error')
        send({ type: 'log', level: isCancelling() ? 'debug' : 'warn', text: text.trim() });
    });
    const failure = loadCpuModule(addon, options.cpuModule);
    if (failure !== null) {
      send({ type: 'log', level: 'warn', text: `${failure}; using node-llama-cpp's CPU module` });
    }
    const used = failure === null ? options : { ...options, cpuModule: null };
    const loading = loadEngine(addon, used, (fraction) => send({ type: 'progress', fraction }));
    // Meanwhile: the model loads in another thread.
    [engine] = await Promise.all([loading, loadSharp()]);
    const { text, build, cpu } = engine.info;
    const identity = { name: text.name || basename(options.textPath, '.gguf'), quant: text.quant, build };
    const encoder = choosePictureEncoder(engine, options.detail, options.maxImageTokens);
    const describer = new PictureDescriber(engine, options, identity, encoder);
    const responder = new ChatResponder(engine, options, identity, encoder, describer.template);
    model = { describer, responder };
    const info: EngineInfo = {
      model: identity.name,
      quant: identity.quant,
      build,
      cpu: basename(cpu.module),
      chatTemplate: describer.template.family ?? describer.template.source,
      chatTemplateReason: describer.template.reason,
      usesDetail: usesDetail(engine.info),
      showsAreas: showsAreas(engine.info),
      contextSize: options.contextSize,
      threads: options.threads,
    };
    send({ type: 'loaded', info });
    // At exit it would be too late: the parent kills this process.
    flushCompileCache();
  } catch (error) {
    send({ type: 'load-failed', fault: faultOf(error) });
  }
}

async function run(job: Job): Promise<void> {
  const { id } = job;
  const { signal } = jobs.get(id)!;
  // Cancel a running native call too, not only between calls.
  signal.addEventListener('abort', () => engine?.cancel());
  try {
    signal.throwIfAborted();
    send({ type: 'done', id, result: await resultOf(job, signal) });
  } catch (error) {
    send({ type: 'failed', id, fault: faultOf(error) });
  } finally {
    jobs.delete(id);
    collectBuffers();
  }
}

/** A picture's buffers are outside V8's heap, which would collect them only once they are 64 MB. */
function collectBuffers(): void {
  globalThis.gc?.({ type: 'minor', execution: 'sync' });
  // Wide embeddings live long enough to become old; with a model that has them, 20 ms are nothing.
  if (process.memoryUsage().arrayBuffers > maxBufferBytes)
    globalThis.gc?.({ type: 'major', execution: 'sync' });
}

function resultOf(job: Job, signal: AbortSignal): Promise<Description | ChatReply> {
  const { id } = job;
  if (!model) throw new Error('no model is loaded');
  const onGenerating = (): void => send({ type: 'generating', id });
  if (job.type === 'describe') {
    const onReading = (): void => send({ type: 'reading', id });
    return model.describer.describe(job.request, signal, { onReading, onGenerating });
  }
  const onText = job.inPieces ? (text: string): void => send({ type: 'text', id, text }) : undefined;
  return model.responder.respond(job.request, signal, { onGenerating, onText });
}

function send(message: FromEngineProcess): void {
  if (process.connected) process.send?.(message);
}

function faultOf(error: unknown): EngineFault {
  const code = codeOf(error);
  return {
    code: typeof code === 'string' ? (code as EngineFault['code']) : 'UNKNOWN',
    message: messageOf(error),
  };
}

/** When memory runs out, the kernel should kill the engine, which is restarted, and not the daemon. */
function preferAsOomVictim(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '800');
  } catch {
    // Not Linux, or forbidden: the kernel then chooses by size, which is the engine too.
  }
}
