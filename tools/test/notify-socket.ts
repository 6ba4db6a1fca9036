import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

// Debian's own Python: Node cannot open a Unix datagram socket.
const python = '/usr/bin/python3';
const script = join(import.meta.dirname, 'notify-socket.py');

/** systemd's end of sd_notify; closed when the test ends. */
export class NotifySocket {
  readonly path: string;
  /** Messages in order of arrival, with their sender. */
  readonly received: { readonly pid: number; readonly text: string }[] = [];
  readonly #child: ChildProcess;

  private constructor(path: string) {
    this.path = path;
    this.#child = spawn(python, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  static async open({ isAbstract = false } = {}): Promise<NotifySocket> {
    const folder = mkdtempSync(join(tmpdir(), 'scenecast-notify-'));
    const path = join(folder, 'socket');
    const socket = new NotifySocket(isAbstract ? `@${path}` : path);
    onTestFinished(() => {
      socket.#child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    });
    const lines = createInterface({ input: socket.#child.stdout! });
    await once(lines, 'line');
    lines.on('line', (line) => socket.received.push(JSON.parse(line)));
    return socket;
  }

  /** Stops the receiver, so that its queue fills. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  /** The values of one field, in order. */
  values(field: string): string[] {
    return this.received.flatMap(({ text }) =>
      text
        .split('\n')
        .flatMap((line) => (line.startsWith(`${field}=`) ? [line.slice(field.length + 1)] : [])),
    );
  }
}
