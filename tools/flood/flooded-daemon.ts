import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { defaultPrompt } from '../../src/domain/default-prompt.ts';

/** `scenecast run`, with its log. */
export class FloodedDaemon {
  readonly #child: ChildProcess;
  readonly #folder: string;
  /** Commands that it did not read or did not answer. */
  readonly counts = new Map<string, number>();
  #stderr = '';

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    createInterface({ input: child.stdout! }).on('line', (line) => this.#hear(line));
    child.stderr?.on('data', (data) => {
      this.#stderr += data;
    });
  }

  static async start(url: string, device: string, commands: object): Promise<FloodedDaemon> {
    const folder = mkdtempSync(join(tmpdir(), 'scenecast-flood-'));
    // Drawn beforehand: drawing creates garbage that is not the flood's.
    const picture = join(folder, 'scene.jpg');
    writeFileSync(picture, await drawScene(sampleScene(1, { width: 336, height: 336 })));
    const camera = {
      source: { type: 'still', path: picture },
      interval: '1s',
      gate: { enabled: false },
    };
    const config = {
      device,
      mqtt: { url, commands },
      store: { folder: 'state' },
      model: { threads: 1 },
      prompts: { default: defaultPrompt, brief: 'Describe it.' },
      cameras: { watched: camera, poked: camera },
    };
    const path = join(folder, 'config.yaml');
    writeFileSync(path, JSON.stringify(config)); // JSON is YAML
    // The script execs the daemon, so that a kill hits the daemon.
    const scenecast = join(import.meta.dirname, '../../bin/scenecast');
    const child = spawn(scenecast, ['run', '--config', path], { stdio: ['ignore', 'pipe', 'pipe'] });
    return new FloodedDaemon(child, folder);
  }

  /** How it exited; null: it is running. */
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
    if (msg !== 'commands refused or not answered') return;
    for (const [what, count] of Object.entries(fields))
      this.counts.set(what, (this.counts.get(what) ?? 0) + Number(count));
  }
}
