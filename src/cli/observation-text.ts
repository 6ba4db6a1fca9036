import { printable } from './terminal/printable.ts';

/** What a person reads of an observation. */
interface Readable {
  readonly camera: string;
  readonly captured_at: string;
  readonly description: string | null;
  readonly answers: Readonly<Record<string, unknown>>;
  readonly late?: unknown;
}

/** An observation as text: a line for the description and one for each answer, without what a terminal acts on. */
export function observationText({ camera, captured_at, description, answers, late }: Readable): string {
  const lines = Object.entries(answers).map(
    ([question, answer]) => `  ${question}: ${printable(`${answer}`)}\n`,
  );
  const words = printable(description ?? 'answers');
  return `${camera}, ${captured_at}${late ? ' (late)' : ''}: ${words}\n${lines.join('')}`;
}
