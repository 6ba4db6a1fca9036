import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Another process that keeps one core busy until it is closed, or its owner exits. */
export class BusyCore {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  static start(): BusyCore {
    // A timer would not fire in a busy loop, so it looks at its parent itself.
    const code = `const parent = process.ppid; for (let i = 0; ; i++) if (i % 1e7 === 0 && process.ppid !== parent) process.exit();`;
    return new BusyCore(spawn(process.execPath, ['-e', code], { stdio: 'ignore' }));
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}
