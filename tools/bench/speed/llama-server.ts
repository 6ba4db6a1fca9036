import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelFiles } from '../../../src/models/installed/locate.ts';
import type { EngineOptions } from '../../../src/vision/process/protocol.ts';
import type { Contender, Job, Reading } from './contender.ts';
import { EncodeClock } from './encode-clock.ts';
import type { BenchModel } from './models.ts';
import { peerEnvironment } from './peer-environment.ts';
import { type PeerThreads, threadArguments } from './peer-threads.ts';

const root = join(import.meta.dirname, '../../..');
const program = join(root, 'build/peer/cmake/llama-server');
const startMs = 300_000;
const maxDescriptionMs = 1_800_000;

/** The parts of a chat completion used here. */
interface Completion {
  readonly choices: readonly [{ readonly message: { readonly content: string } }];
  readonly timings: {
    readonly prompt_n: number;
    readonly prompt_ms: number;
    readonly predicted_n: number;
    readonly predicted_ms: number;
    readonly draft_n?: number;
    readonly draft_n_accepted?: number;
  };
}

/** llama-server of the same llama.cpp, with the same libraries. */
export class LlamaServer implements Contender {
  readonly #child: ChildProcess;
  readonly #address: string;
  readonly #model: BenchModel;
  readonly #encodeClock = new EncodeClock();
  #lastLines: string[] = [];

  private constructor(child: ChildProcess, address: string, model: BenchModel) {
    this.#child = child;
    this.#address = address;
    this.#model = model;
    createInterface({ input: child.stderr! }).on('line', (line) => {
      this.#encodeClock.read(line);
      this.#lastLines = [...this.#lastLines.slice(-9), line];
    });
  }

  /**
   * Starts it with Scenecast's batch and memory mapping, and resolves when the model is loaded.
   * @throws Error if it exits or is not ready within five minutes
   */
  static async start(
    model: BenchModel,
    files: ModelFiles,
    engine: EngineOptions,
    threads: PeerThreads,
    more: readonly string[] = [],
  ): Promise<LlamaServer> {
    const port = await freePort();
    const args = [
      ...serverArguments(model, files, engine),
      ...threadArguments(threads),
      ...['--port', `${port}`, ...more],
    ];
    const child = spawn(program, args, { env: peerEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] });
    // It would outlive a bench that is interrupted.
    const kill = (): boolean => child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    const server = new LlamaServer(child, `http://127.0.0.1:${port}`, model);
    try {
      await server.#ready();
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Asks one after another: with its prompt cache, the picture is encoded and prefilled once. */
  async describe(
    { jpeg, prompt, questions }: Job,
    signal = AbortSignal.timeout(maxDescriptionMs),
  ): Promise<Reading> {
    const url = `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}`;
    const start = performance.now();
    this.#encodeClock.take();
    const completions: Completion[] = [];
    for (const words of [prompt, ...questions]) completions.push(await this.#complete(url, words, signal));
    const totalMs = performance.now() - start;
    const sum = (pick: (timings: Completion['timings']) => number): number =>
      completions.reduce((total, { timings }) => total + pick(timings), 0);
    // Its prompt time includes the encoding.
    const promptMs = sum(({ prompt_ms }) => prompt_ms);
    const encodeMs = Math.min(this.#encodeClock.take(), promptMs);
    const generateMs = sum(({ predicted_ms }) => predicted_ms);
    return {
      ...{ totalMs, encodeMs, generateMs },
      prefillMs: promptMs - encodeMs,
      restMs: totalMs - promptMs - generateMs,
      promptTokens: sum(({ prompt_n }) => prompt_n),
      completionTokens: sum(({ predicted_n }) => predicted_n),
      draftedTokens: sum(({ draft_n = 0 }) => draft_n),
      acceptedTokens: sum(({ draft_n_accepted = 0 }) => draft_n_accepted),
      texts: completions.map(({ choices }) => choices[0].message.content.trim()),
    };
  }

  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  async #complete(url: string, words: string, signal: AbortSignal): Promise<Completion> {
    const picture = { type: 'image_url', image_url: { url } };
    const body = JSON.stringify({
      messages: [{ role: 'user', content: [picture, { type: 'text', text: words }] }],
      max_tokens: this.#model.maxTokens,
      temperature: 0,
      cache_prompt: true,
      ignore_eos: this.#model.shape !== null,
    });
    // Not with fetch, which gives up after 300 s without an answer: a 7B model takes longer.
    const asked = request(`${this.#address}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      signal,
    });
    const [response] = (await once(asked.end(body), 'response')) as [IncomingMessage];
    const answer = await textOf(response);
    if (response.statusCode !== 200) throw new Error(`llama-server: ${response.statusCode} ${answer}`);
    return JSON.parse(answer) as Completion;
  }

  async #ready(): Promise<void> {
    for (const deadline = performance.now() + startMs; performance.now() < deadline; await sleep(20)) {
      const { exitCode } = this.#child;
      if (exitCode !== null)
        throw new Error(`llama-server: exit code ${exitCode}\n${this.#lastLines.join('\n')}`);
      const health = await fetch(`${this.#address}/health`).catch(() => null);
      if (health?.ok) return;
    }
    throw new Error(`llama-server: not ready within ${startMs} ms`);
  }
}

function serverArguments(
  { peerContextSize }: BenchModel,
  { text, mmproj }: ModelFiles,
  { batchSize, ubatchSize, useMmap, contextSize }: EngineOptions,
): string[] {
  return [
    ...['-m', text, '--mmproj', mmproj, '-c', `${Math.max(contextSize, peerContextSize)}`],
    ...['-b', `${batchSize}`, '-ub', `${ubatchSize}`],
    ...['-fa', 'on', '-np', '1', '--load-mode', useMmap ? 'mmap' : 'none', '--jinja', '--host', '127.0.0.1'],
    // Its n-gram drafts stay off: they do not reach back to earlier answers, and cost more than they gain here.
    // One slot keeps its prompt by itself; copies of it in RAM would only take time and memory.
    ...['--cache-ram', '0', '--ctx-checkpoints', '0'],
    // Times of the encoder are logged at this level.
    ...['-lv', '4'],
  ];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
