import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { DaemonSettings } from './daemon.ts';

interface Settings extends Omit<DaemonSettings, 'firstNumber'> {
  /** A compile cache folder, which halves the time of all starts but the first. */
  readonly compileCache: string;
}

/** The process of daemon.ts, started again after each kill. */
export class KilledDaemon {
  readonly #settings: Settings;
  #child: ChildProcess | null = null;
  report = '';

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  get ledgerPath(): string {
    return this.#settings.ledgerPath;
  }

  get historyFolder(): string | null {
    return this.#settings.historyFolder;
  }

  async start(firstNumber: number): Promise<void> {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'daemon.ts'), JSON.stringify({ ...this.#settings, firstNumber })],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NODE_COMPILE_CACHE: this.#settings.compileCache },
      },
    );
    this.#child = child;
    const lines = createInterface({ input: child.stdout! });
    lines.on('line', (line) => {
      if (line !== 'ready') this.report = line;
    });
    createInterface({ input: child.stderr! }).on('line', (line) => {
      if (/^error|dropped from/.test(line)) process.stderr.write(`daemon: ${line}\n`);
    });
    const exit = once(child, 'exit').then(() => 'exit');
    if ((await Promise.race([once(lines, 'line'), exit])) === 'exit')
      throw new Error('the daemon does not start');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  /** Lets it deliver pending descriptions and exit. */
  async finish(): Promise<void> {
    const child = this.#child!;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
    if (child.exitCode !== 0) throw new Error(`the daemon exited with ${child.exitCode ?? child.signalCode}`);
  }
}
