import { messageOf } from '../domain/errors.ts';

/** What `scenecast doctor` found about one part. */
export interface Check {
  /** Of at most eight letters. */
  readonly part: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly text: string;
  readonly remedy: string | null;
}

export const ok = (part: string, text: string): Check => ({ part, status: 'ok', text, remedy: null });

export function warning(part: string, text: string, remedy: string | null = null): Check {
  return { part, status: 'warning', text, remedy };
}

export function failed(part: string, text: string, remedy: string | null = null): Check {
  return { part, status: 'failed', text, remedy };
}

/** The result of a check that throws if something is wrong. */
export async function checked(part: string, check: () => Promise<Check>): Promise<Check> {
  return check().catch((error: unknown) => failed(part, messageOf(error)));
}

/** A check as lines of at most `columns`: status, part and text; its remedy below. */
export function checkText({ status, part, text, remedy }: Check, columns: number): string {
  const indent = ' '.repeat(18);
  const width = Math.max(30, columns - indent.length);
  const lines = [
    ...text.split('\n').flatMap((line) => wrapped(line, width)),
    ...(remedy === null ? [] : wrapped(`-> ${remedy}`, width)),
  ];
  return lines
    .map((line, index) => (index === 0 ? `${status.padEnd(8)} ${part.padEnd(9)}` : indent) + line)
    .join('\n');
}

/** The last line: how many of each. */
export function summaryText(checks: readonly Check[]): string {
  const count = (status: Check['status']): number => checks.filter((check) => check.status === status).length;
  const warnings = count('warning');
  return `${checks.length} checks: ${count('ok')} ok, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}, ${count('failed')} failed`;
}

/** The checks as one JSON object. A published format. */
export function checksJson(checks: readonly Check[]): object {
  return { ok: !checks.some(({ status }) => status === 'failed'), checks };
}

/** Breaks at spaces; a longer word, such as a path, stays whole. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.trim().split(/ +/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
