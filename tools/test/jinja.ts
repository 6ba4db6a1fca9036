import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

// Debian's own Python: the modules that apt installs are its.
const python = '/usr/bin/python3';
const script = join(import.meta.dirname, 'jinja.py');

/** Templates with the payload, or the value of a command, that each is given. */
export interface JinjaJob {
  readonly template: string;
  readonly value: string | number;
}

/** Renders with Home Assistant's template engine; throws where a template fails. */
export function renderJinja(jobs: readonly JinjaJob[]): string[] {
  return JSON.parse(execFileSync(python, [script], { input: JSON.stringify(jobs), encoding: 'utf8' }));
}

/** The Debian package that is missing; null where it is there. */
export function jinjaLacks(): string | null {
  try {
    execFileSync(python, ['-c', 'import jinja2'], { stdio: 'pipe' });
    return null;
  } catch {
    return 'python3-jinja2';
  }
}
