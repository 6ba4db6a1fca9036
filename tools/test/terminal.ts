import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import xterm from '@xterm/headless';
import { onTestFinished } from 'vitest';
import { until } from './until.ts';

interface Size {
  readonly columns: number;
  readonly rows: number;
}

const mainPath = join(import.meta.dirname, '../../src/main.ts');
const usualSize: Size = { columns: 80, rows: 24 };

/**
 * `scenecast` on a pseudo-terminal of its own, and what a person sees on it. A shell stays on the terminal, as it does for
 * people, and prints the exit code. Ended when the test ends.
 */
export class Terminal {
  readonly #child: ChildProcess;
  readonly #screen: InstanceType<typeof xterm.Terminal>;
  readonly #folder = mkdtempSync(join(tmpdir(), 'scenecast-terminal-'));
  #output = '';

  constructor(args: readonly string[], { columns, rows }: Size = usualSize, env: NodeJS.ProcessEnv = {}) {
    this.#screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
    const command = [process.execPath, mainPath, ...args].map((each) => `'${each}'`).join(' ');
    const lines = [
      `stty cols ${columns} rows ${rows}`,
      `tty > '${this.#folder}/tty'`,
      // A signal of the keyboard reaches the shell too.
      'trap : INT',
      'echo before',
      `sh -c 'echo $$ > "$0/pid"; exec "$@"' '${this.#folder}' ${command}`,
      'echo "exit code $?"',
      'stty -a | grep -o "[-]*echo "',
    ];
    // Node writes no colours to the terminal of an unknown CI.
    const { NO_COLOR: _, FORCE_COLOR: __, NODE_DISABLE_COLORS: ___, CI: ____, ...rest } = process.env;
    this.#child = spawn('script', ['-qfc', lines.join('\n'), '/dev/null'], {
      env: { ...rest, TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      this.#screen.write(text);
    });
    onTestFinished(() => {
      if (this.#child.exitCode === null) this.kill('SIGKILL');
      this.#child.kill('SIGKILL');
      this.#screen.dispose();
      rmSync(this.#folder, { recursive: true });
    });
  }

  /** The lines on the screen, without what is empty at their ends. */
  get lines(): string[] {
    const { active } = this.#screen.buffer;
    return Array.from({ length: this.#screen.rows }, (_, row) =>
      active.getLine(active.viewportY + row)!.translateToString(true),
    );
  }

  get text(): string {
    return this.lines.join('\n');
  }

  /** Everything that was written, with its escape sequences. */
  get output(): string {
    return this.#output;
  }

  /** Whether a full-screen program has the terminal. */
  get isAlternate(): boolean {
    return this.#screen.buffer.active.type === 'alternate';
  }

  /** Waits until the screen shows a text. */
  async shows(text: string | RegExp, timeoutMs = 25_000): Promise<void> {
    const found = (): boolean => (typeof text === 'string' ? this.text.includes(text) : text.test(this.text));
    await until(found, timeoutMs).catch(() => {
      throw new Error(`the screen does not show ${text} within ${timeoutMs} ms, but:\n${this.text}`);
    });
  }

  type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  resize({ columns, rows }: Size): void {
    this.#screen.resize(columns, rows);
    const tty = readFileSync(join(this.#folder, 'tty'), 'utf8').trim();
    execFileSync('stty', ['-F', tty, 'cols', String(columns), 'rows', String(rows)]);
  }

  /** Sends a signal to `scenecast`. */
  kill(signal: NodeJS.Signals): void {
    try {
      process.kill(Number(readFileSync(join(this.#folder, 'pid'), 'utf8')), signal);
    } catch {
      // It has ended, or not begun.
    }
  }

  /** Resolves once the shell has ended too. */
  async exit(): Promise<void> {
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    // What it wrote last is parsed.
    await new Promise<void>((done) => this.#screen.write('', done));
  }
}
