import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

// Debian's own Python, which has the modules installed by apt.
const python = '/usr/bin/python3';
const script = join(import.meta.dirname, 'jinja.py');

/** Templates, each with its payload or command value. */
export interface JinjaJob {
  readonly template: string;
  readonly value: string | number;
}

/** Renders with Home Assistant's template engine. @throws Error if a template fails */
export function renderJinja(jobs: readonly JinjaJob[]): string[] {
  return JSON.parse(execFileSync(python, [script], { input: JSON.stringify(jobs), encoding: 'utf8' }));
}

/** The missing Debian package; null if it is installed. */
export function jinjaLacks(): string | null {
  try {
    execFileSync(python, ['-c', 'import jinja2'], { stdio: 'pipe' });
    return null;
  } catch {
    return 'python3-jinja2';
  }
}
