import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

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

/** An entity as Home Assistant's templates see it. Times are ISO 8601. */
export interface EntityState {
  readonly entity_id: string;
  /** Its device's. */
  readonly device_id: string;
  readonly state: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly last_changed: string;
  readonly last_updated: string;
}

/** A template of an automation, script or card. */
export interface StateJob {
  readonly template: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** What `states`, `state_attr` and so on read. */
  readonly states?: readonly EntityState[];
  /** The payload. */
  readonly value?: string;
}

/** A process that renders one template after the other, which is far faster than a process for each. */
export class JinjaProcess {
  readonly #child: ChildProcess;
  readonly #waiting: ((line: string) => void)[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    createInterface({ input: child.stdout! }).on('line', (line) => this.#waiting.shift()?.(line));
  }

  static start(): JinjaProcess {
    return new JinjaProcess(spawn(python, [script, '--lines'], { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  /** @throws Error if the template fails */
  async render(job: StateJob): Promise<string> {
    return (await this.#render(job)) as string;
  }

  /** Renders as Home Assistant does in scripts, where a result such as `3` or `{}` becomes a value. */
  async renderNative(job: StateJob): Promise<unknown> {
    return await this.#render({ ...job, native: true });
  }

  close(): void {
    this.#child.stdin!.end();
  }

  async #render(job: StateJob & { readonly native?: boolean }): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#waiting.push(resolve);
    this.#child.stdin!.write(`${JSON.stringify([job])}\n`);
    const { results, error } = JSON.parse(await promise);
    if (error) throw new Error(`${error}: ${job.template}`);
    return results[0];
  }
}
