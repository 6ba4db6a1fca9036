import type { WindowBoard } from '../contract/window.ts';
import { messageOf } from '../domain/errors.ts';
import { shorten } from '../domain/shorten.ts';

type Line = WindowBoard['log'][number];

const maxLines = 50;
const maxFieldsLength = 500;
/** pino's numbers. */
const [warn, error] = [40, 50];

/** The last warnings and errors of the log. */
export class RecentWarnings {
  readonly #lines: Line[] = [];

  /** Newest first. */
  get lines(): readonly Line[] {
    return this.#lines.toReversed();
  }

  /** @param level as pino counts it; lower ones than warnings are ignored */
  add(level: number, fields: unknown, message: unknown): void {
    if (level < warn) return;
    const text = typeof fields === 'string' ? fields : String(message ?? '');
    this.#lines.push({
      at: new Date().toISOString(),
      level: level < error ? 'warn' : 'error',
      message: shorten(text, maxFieldsLength),
      fields: typeof fields === 'string' ? '{}' : shorten(jsonOf(fields), maxFieldsLength),
    });
    if (this.#lines.length > maxLines) this.#lines.shift();
  }
}

/** Never throws, so that what is logged cannot break what logs it. */
function jsonOf(fields: unknown): string {
  try {
    return JSON.stringify(fields, plainErrors) ?? '{}';
  } catch {
    return '{}';
  }
}

/** JSON has no errors. */
function plainErrors(_: string, value: unknown): unknown {
  return value instanceof Error ? messageOf(value) : value;
}
