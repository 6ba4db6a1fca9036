import { writeFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { basename } from 'node:path';
import { codeOf, messageOf } from '../../domain/errors.ts';
import { loadSharp } from '../../system/sharp.ts';
import { loadAddon } from '../native/addon.ts';
import { loadCpuModule } from '../native/cpu-module.ts';
import type { MtmdEngine } from '../native/mtmd-engine.ts';
import { usesDetail } from '../picture/picture-encoder.ts';
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

// The engine process: loads one model, then describes one picture after another.

let engine: MtmdEngine | null = null;
let describer: PictureDescriber | null = null;
/** Pending descriptions by id. */
const jobs = new Map<number, AbortController>();
let queue: Promise<void> = Promise.resolve();

process.on('message', (message: ToEngineProcess) => {
  if (message.type === 'cancel') {
    jobs.get(message.id)?.abort();
    return;
  }
  if (message.type === 'describe') jobs.set(message.id, new AbortController());
  queue = queue.then(() => (message.type === 'load' ? load(message.options) : describe(message)));
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
      if (level === 'error') send({ type: 'log', level: 'warn', text: text.trim() });
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
    const model = { name: text.name || basename(options.textPath, '.gguf'), quant: text.quant, build };
    describer = new PictureDescriber(engine, options, model);
    const info: EngineInfo = {
      model: model.name,
      quant: model.quant,
      build,
      cpu: basename(cpu.module),
      chatTemplate: describer.template.family ?? describer.template.source,
      chatTemplateReason: describer.template.reason,
      usesDetail: usesDetail(engine.info),
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

async function describe({ id, request }: Extract<ToEngineProcess, { type: 'describe' }>): Promise<void> {
  const { signal } = jobs.get(id)!;
  // Cancel a running native call too, not only between calls.
  signal.addEventListener('abort', () => engine?.cancel());
  try {
    signal.throwIfAborted();
    if (!describer) throw new Error('no model is loaded');
    const onGenerating = (): void => send({ type: 'generating', id });
    send({ type: 'described', id, description: await describer.describe(request, signal, onGenerating) });
  } catch (error) {
    send({ type: 'failed', id, fault: faultOf(error) });
  } finally {
    jobs.delete(id);
  }
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
