import type { CameraVision } from '../domain/camera-vision.ts';
import { formatBytes } from '../domain/format-bytes.ts';
import type { CameraStatus, Observation } from '../domain/observation.ts';
import type { Alert } from '../domain/rule-status.ts';
import type { Publisher } from '../pipeline/ports.ts';
import { clockOf } from './terminal/clock.ts';
import { printable } from './terminal/printable.ts';
import { type Span, span, styled, wrappedSpans } from './terminal/span.ts';
import { columnsOf } from './terminal/text-columns.ts';

/** pino's levels from `warn` on. */
const levels: Readonly<Record<number, Span>> = {
  40: span('warning:', 'yellow'),
  50: span('error:', 'red'),
  60: span('error:', 'red'),
};
/** Fields that are not shown as such: the line's own, those with a place in it, and ids of frames and processes. */
const hidden: ReadonlySet<string> = new Set(
  'level time pid hostname msg id camera reason advice remedy'.split(' '),
);
const maxNameColumns = 20;
const minTextColumns = 30;
/** Of a line that is no warning: the plan of an engine has thirty. */
const maxFields = 4;

/** Prints what the daemon publishes and logs, in lines for people. Text of models and cameras cannot control the terminal. */
export class RunLines implements Publisher {
  readonly #write: (line: string) => void;
  readonly #nameColumns: number;
  readonly #offline = new Set<string>();
  readonly #states = new Map<string, CameraVision['state']>();

  /** @param write takes whole lines */
  constructor(cameras: readonly string[], write: (line: string) => void) {
    this.#write = write;
    this.#nameColumns = Math.min(maxNameColumns, Math.max(0, ...cameras.map((name) => name.length)));
  }

  /** Prints a line of the log. @param json as pino writes it */
  log(json: string): void {
    const fields = JSON.parse(json) as Readonly<Record<string, unknown>>;
    const { level, time, msg, camera, reason, advice, remedy } = fields;
    // Its observation is printed.
    if (msg === 'described') return;
    const mark = levels[Number(level)];
    const words = [msg, reason ?? advice].filter((part) => typeof part === 'string').join(': ');
    const more = fieldWords(fields, words)
      .slice(0, mark ? undefined : maxFields)
      .join(', ');
    this.#print(new Date(Number(time)), typeof camera === 'string' ? camera : null, [
      ...(mark ? [mark] : []),
      span(typeof remedy === 'string' ? `${words}; ${remedy}` : words),
      ...(more === '' ? [] : [span(`(${more})`, 'dim')]),
    ]);
  }

  observation({ frame, description: { text }, judged, totalMs }: Observation): void {
    const seconds = { ...span(`${(totalMs / 1000).toFixed(1)} s`, 'dim'), isWhole: true };
    const answered = span(
      Object.entries(judged)
        .map(([question, { value }]) => `${question}: ${value ?? 'uncertain'}`)
        .join(' · '),
    );
    if (text === null) this.#print(new Date(), frame.camera, [answered, seconds]);
    else this.#print(new Date(), frame.camera, [span(text, 'bold'), seconds], [answered]);
  }

  async alert({ camera, rule, watch, state, at }: Alert): Promise<void> {
    const what = rule ?? watch?.note ?? watch?.id;
    this.#print(at, camera, [span(`alert: ${what} is ${state}`, state === 'on' ? 'red' : 'green')]);
  }

  /** That it gives none is logged. */
  cameraStatus(camera: string, { state, problem }: CameraStatus): void {
    if (state === 'offline') this.#offline.add(camera);
    else if (this.#offline.delete(camera) && problem === null)
      this.#print(new Date(), camera, [span('camera gives pictures again', 'green')]);
  }

  /** Why it fails is logged. */
  cameraVision(camera: string, { state, reason }: CameraVision): void {
    const before = this.#states.get(camera);
    this.#states.set(camera, state);
    if (state === before || (before === undefined && state === 'stale')) return;
    if (state === 'paused' || state === 'stale')
      this.#print(new Date(), camera, [span(`${state}: ${reason}`, 'yellow')]);
    if (state === 'current' && before === 'paused')
      this.#print(new Date(), camera, [span('no longer paused')]);
  }

  cameraSettings(): void {}
  rule(): void {}
  watches(): void {}
  event(): void {}
  health(): void {}

  /** @param more on lines of its own */
  #print(time: Date, camera: string | null, ...paragraphs: readonly (readonly Span[])[]): void {
    const name = camera === null ? '' : `${printable(camera).padEnd(this.#nameColumns)}  `;
    const lead = `${clockOf(time)}  ${name}`;
    const indent = columnsOf(lead);
    const columns = Math.max(minTextColumns, (process.stdout.columns || 80) - indent);
    const lines = paragraphs.flatMap((spans) => {
      const clean = spans.map((each) => ({ ...each, text: printable(each.text) }));
      return wrappedSpans(
        clean.filter(({ text }) => text !== ''),
        columns,
      );
    });
    const [first = [], ...others] = lines.filter((line) => line.length > 0).map((line) => styled(line));
    const rest = others.map((line) => `${' '.repeat(indent)}${line}\n`);
    this.#write(`${styled([span(lead, 'dim')])}${first}\n${rest.join('')}`);
  }
}

/** Fields of a log line that are numbers or words: `back off 5 s`; not those whose value is in the line's words. */
function fieldWords(fields: Readonly<Record<string, unknown>>, words: string): string[] {
  return Object.entries(fields)
    .filter(([key, value]) => !hidden.has(key) && value !== null && typeof value !== 'object')
    .filter(([, value]) => typeof value !== 'string' || !words.includes(value))
    .map(([key, value]) => {
      const [, name = key, unit] = /^(.+?)(Ms|Bytes)?$/.exec(key) ?? [];
      const label = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
      if (unit === 'Ms') return `${label} ${Number(value) / 1000} s`;
      return `${label} ${unit === 'Bytes' ? formatBytes(Number(value)) : value}`;
    });
}
