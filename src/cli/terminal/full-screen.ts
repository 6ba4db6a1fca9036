import { writeSync } from 'node:fs';
import type { ReadStream, WriteStream } from 'node:tty';

/** The alternate screen. */
const enter = '\x1b[?1049h';
/** No cursor, and no lines that wrap. */
const prepare = '\x1b[?25l\x1b[?7l';
/** All of that undone. */
const leave = '\x1b[?7h\x1b[?25h\x1b[?1049l';
/** The terminal shows what is between the two at once, if it can. */
const beginFrame = '\x1b[?2026h\x1b[H';
const endFrame = '\x1b[J\x1b[?2026l';
const ctrlC = '\x03';
const stdoutFd = 1;
/** Of a terminal that does not say its size. */
const usualSize = { columns: 80, rows: 24 } as const;

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/**
 * Draws on the whole terminal until it is closed, which brings back what it showed before; so does the end of the process,
 * also by an error.
 */
export class FullScreen {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #onQuit: () => void;
  readonly #lines: (size: ScreenSize) => readonly string[];
  readonly #redraw = (): void => this.#drawAll();
  readonly #restore = (): void => this.close();
  #shown: string | null = null;
  #isOpen = false;

  /**
   * @param terminal its output is the standard output
   * @param lines of one frame, styled, each within the columns, at most as many as rows
   * @param onQuit called for `q` and Ctrl-C, and when the terminal is gone
   */
  constructor(
    terminal: { readonly input: ReadStream; readonly output: WriteStream },
    lines: (size: ScreenSize) => readonly string[],
    onQuit: () => void,
  ) {
    this.#input = terminal.input;
    this.#output = terminal.output;
    this.#lines = lines;
    this.#onQuit = onQuit;
  }

  open(): void {
    this.#isOpen = true;
    process.once('exit', this.#restore);
    process.on('SIGCONT', this.#redraw);
    this.#output.on('error', this.#onQuit);
    if (this.#input.isTTY) this.#input.on('data', this.#onKeys);
    this.#output.write(enter);
    this.#drawAll();
  }

  /** Draws a frame of the terminal's present size, if it differs from the last one. */
  draw(): void {
    if (!this.#isOpen) return;
    const { columns, rows } = this.#output;
    const lines = this.#lines({ columns: columns || usualSize.columns, rows: rows || usualSize.rows });
    const frame = lines.map((line) => `${line}\x1b[K`).join('\r\n');
    if (frame === this.#shown) return;
    this.#shown = frame;
    this.#output.write(`${beginFrame}${frame}${endFrame}`);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off('exit', this.#restore);
    process.off('SIGCONT', this.#redraw);
    if (this.#input.isTTY) {
      this.#input.off('data', this.#onKeys);
      this.#input.setRawMode(false);
      this.#input.pause();
    }
    try {
      // Also at the end of the process, when streams no longer write.
      writeSync(stdoutFd, leave);
    } catch {
      // The terminal is gone.
    }
  }

  readonly #onKeys = (keys: Buffer): void => {
    const text = keys.toString();
    if (text === 'q' || text.includes(ctrlC)) this.#onQuit();
  };

  /** All of it: another program may have used the terminal while this one was stopped. */
  #drawAll(): void {
    if (this.#input.isTTY) this.#input.setRawMode(true);
    this.#output.write(prepare);
    this.#shown = null;
    this.draw();
  }
}
