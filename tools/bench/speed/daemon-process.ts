import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '../../..');
const startMs = 120_000;

/** `scenecast run` as packaged, with the ids of its processes and what its log reports. */
export class DaemonProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #pipelineStarted = Promise.withResolvers<void>();
  #loopDelayP99Ms: number | null = null;
  #stderr = '';

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    createInterface({ input: child.stdout! }).on('line', (line) => this.#read(line));
    child.stderr!.on('data', (data) => {
      this.#stderr += data;
    });
    child.once('exit', (code, signal) =>
      this.#pipelineStarted.reject(new Error(`the daemon exited (${signal ?? code}): ${this.#stderr}`)),
    );
    this.#pipelineStarted.promise.catch(() => {});
  }

  /** Resolves when the pipeline runs; the model may still be loading. @throws Error if it exits before that */
  static async start(config: object): Promise<DaemonProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'scenecast-bench-daemon-'));
    const path = join(folder, 'config.yaml');
    writeFileSync(path, JSON.stringify({ store: { folder: 'state' }, ...config })); // JSON is YAML
    // The script execs the daemon, so that its id is the daemon's.
    const child = spawn(join(root, 'bin/scenecast'), ['run', '--config', path], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // It would outlive a bench that is interrupted.
    const kill = (): boolean => child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    const daemon = new DaemonProcess(child, folder);
    const tooLong = setTimeout(() => child.kill('SIGKILL'), startMs);
    try {
      await daemon.#pipelineStarted.promise;
      return daemon;
    } catch (error) {
      await daemon.close();
      throw error;
    } finally {
      clearTimeout(tooLong);
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The engine process's id. @throws Error if it does not run */
  async enginePid(): Promise<number> {
    const children = await readFile(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8');
    for (const pid of children.trim().split(' ').map(Number)) {
      const argv = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (argv.includes('engine-process')) return pid;
    }
    throw new Error('the daemon has no engine process');
  }

  /** Stops it; returns the 99th percentile of its event loop delay since the pipeline started. @throws Error if it logged none */
  async stop(): Promise<number> {
    if (this.#isRunning) {
      this.#child.kill('SIGTERM');
      await once(this.#child, 'close');
    }
    if (this.#loopDelayP99Ms === null)
      throw new Error(`the daemon logged no event loop delay: ${this.#stderr}`);
    return this.#loopDelayP99Ms;
  }

  async close(): Promise<void> {
    if (this.#isRunning) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  #read(line: string): void {
    const { msg, level, p99Ms } = JSON.parse(line) as { msg: string; level: number; p99Ms?: number };
    if (msg === 'pipeline started') this.#pipelineStarted.resolve();
    if (msg === 'event loop delay' && p99Ms !== undefined) this.#loopDelayP99Ms = p99Ms;
    // pino's level of errors
    if (level >= 50) this.#stderr += `${line}\n`;
  }
}
