import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bytesField } from '../../../src/board/kernel-files.ts';
import type { ModelFiles } from '../../../src/models/installed/locate.ts';
import type { EngineOptions } from '../../../src/vision/process/protocol.ts';
import type { Job, Reading } from './contender.ts';
import type { BenchModel } from './models.ts';
import { MtmdCliLog } from './mtmd-cli-log.ts';
import { peerEnvironment } from './peer-environment.ts';
import { type PeerThreads, threadArguments } from './peer-threads.ts';

const program = join(import.meta.dirname, '../../../build/peer/cmake/llama-mtmd-cli');

/**
 * Describes one picture with llama-mtmd-cli of the same llama.cpp, which loads the model for each: the time counts from the
 * start of the process to the last piece of text.
 * @throws Error if it fails
 */
export async function runMtmdCli(
  model: BenchModel,
  { text, mmproj }: ModelFiles,
  { batchSize, ubatchSize, useMmap, contextSize }: EngineOptions,
  threads: PeerThreads,
  job: Job,
): Promise<{ reading: Reading; peakBytes: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-mtmd-cli-'));
  try {
    const picture = join(folder, 'picture.jpg');
    writeFileSync(picture, job.jpeg);
    const args = [
      ...['-m', text, '--mmproj', mmproj, '-c', `${Math.max(contextSize, model.peerContextSize)}`],
      ...[...threadArguments(threads), '-b', `${batchSize}`, '-ub', `${ubatchSize}`, '-fa', 'on'],
      ...['--load-mode', useMmap ? 'mmap' : 'none', '--no-warmup', '-lv', '4'],
      ...['--image', picture, '-p', job.prompt, '--temp', '0', '-n', `${model.maxTokens}`],
      // Hollow models have no chat template; with --jinja the name would be one itself.
      ...(model.shape ? ['--ignore-eos', '--chat-template', 'vicuna'] : ['--jinja']),
    ];
    return await run(args);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function run(args: readonly string[]): Promise<{ reading: Reading; peakBytes: number }> {
  const start = performance.now();
  const child = spawn(program, args, { env: peerEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  const log = new MtmdCliLog();
  let output = '';
  let totalMs = 0;
  let peakBytes = 0;
  let lastLine = '';
  child.stdout.on('data', (data) => {
    output += data;
    if (String(data).trim() !== '') totalMs = performance.now() - start;
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.read(line);
    lastLine = line;
    peakBytes = Math.max(peakBytes, peakBytesOf(child.pid!));
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`llama-mtmd-cli: exit code ${code}: ${lastLine}`);
  const { encodeMs, prefillMs, generateMs, ...counts } = log.stages;
  const reading: Reading = {
    ...{ totalMs, encodeMs, prefillMs, generateMs, ...counts },
    restMs: totalMs - encodeMs - prefillMs - generateMs,
    ...{ draftedTokens: 0, acceptedTokens: 0, texts: [output.trim()] },
  };
  return { reading, peakBytes };
}

/** 0 once it has exited. */
function peakBytesOf(pid: number): number {
  try {
    return bytesField(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmHWM') ?? 0;
  } catch {
    return 0;
  }
}
