import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { until } from './until.ts';

const mainPath = join(import.meta.dirname, '../../src/main.ts');

/** `scenecast run` as a child process, with its log; killed when the test ends. */
export class Daemon {
  /** The log lines, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: log lines hold whatever was logged
  readonly log: any[] = [];
  stderr = '';
  readonly #child: ChildProcess;

  constructor(config: object) {
    const folder = mkdtempSync(join(tmpdir(), 'scenecast-daemon-'));
    const path = join(folder, 'config.yaml');
    // One thread: tests run in parallel, and ggml's threads spin while they wait for one without a core.
    // And its own state folder, next to the config.
    writeFileSync(path, JSON.stringify({ model: { threads: 1 }, store: { folder: 'state' }, ...config })); // JSON is YAML
    this.#child = spawn(process.execPath, [mainPath, 'run', '--config', path]);
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.log.push(JSON.parse(line)));
    this.#child.stderr?.on('data', (data) => {
      this.stderr += data;
    });
    onTestFinished(() => {
      this.#child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Waits for the first log line with this message. */
  // biome-ignore lint/suspicious/noExplicitAny: log lines hold whatever was logged
  async logged(message: string, timeoutMs = 100_000): Promise<any> {
    const find = (): unknown => this.log.find(({ msg }) => msg === message);
    await until(() => find() !== undefined, timeoutMs);
    return find();
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Sends a signal and waits for the exit. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null }> {
    this.#child.kill(signal);
    return await this.exit();
  }

  async exit(): Promise<{ code: number | null }> {
    if (this.alive) await once(this.#child, 'exit');
    return { code: this.#child.exitCode };
  }
}
