import type { Log } from '../../src/pipeline/ports.ts';

export interface Line {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  // biome-ignore lint/suspicious/noExplicitAny: tests inspect any log fields
  readonly fields: any;
  readonly message: string;
}

/** A log that records its lines. */
export class LogLines implements Log {
  readonly lines: Line[] = [];

  debug(fields: object, message: string): void {
    this.lines.push({ level: 'debug', fields, message });
  }
  info(fields: object, message: string): void {
    this.lines.push({ level: 'info', fields, message });
  }
  warn(fields: object, message: string): void {
    this.lines.push({ level: 'warn', fields, message });
  }
  error(fields: object, message: string): void {
    this.lines.push({ level: 'error', fields, message });
  }

  /** The lines with this message. */
  of(message: string): Line[] {
    return this.lines.filter((line) => line.message === message);
  }
}
