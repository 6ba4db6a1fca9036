import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** `scenecast run`, with what it logs. */
export class FloodedDaemon {
  readonly #child: ChildProcess;
  readonly #folder = mkdtempSync(join(tmpdir(), 'scenecast-flood-'));
  /** Commands that it did not read, or told nobody of. */
  readonly counts = new Map<string, number>();
  #stderr = '';

  constructor(url: string, device: string, commands: object) {
    const camera = (at: number): object => ({
      source: { type: 'scene', seed: at, size: '336x336', every: '1s' },
      interval: '1s',
      gate: { enabled: false },
    });
    const config = {
      device,
      mqtt: { url, commands },
      store: { folder: 'state' },
      model: { threads: 1 },
      prompts: { default: 'Describe the scene.', brief: 'Describe it.' },
      cameras: { watched: camera(1), poked: camera(1000) },
    };
    const path = join(this.#folder, 'config.yaml');
    writeFileSync(path, JSON.stringify(config)); // JSON is YAML
    const main = join(import.meta.dirname, '../../src/main.ts');
    this.#child = spawn(process.execPath, [main, 'run', '--config', path], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#hear(line));
    this.#child.stderr?.on('data', (data) => {
      this.#stderr += data;
    });
  }

  /** Why it has ended; null: it lives. */
  get end(): string | null {
    const { exitCode, signalCode } = this.#child;
    return exitCode === null && signalCode === null ? null : `${signalCode ?? exitCode} ${this.#stderr}`;
  }

  get rssBytes(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  async kill(): Promise<void> {
    if (this.end === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
  }

  clear(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #hear(line: string): void {
    const { msg, level: _level, time: _time, pid: _pid, hostname: _host, ...fields } = JSON.parse(line);
    if (msg !== 'commands or responses were not taken') return;
    for (const [what, count] of Object.entries(fields))
      this.counts.set(what, (this.counts.get(what) ?? 0) + Number(count));
  }
}
