/** What a person reads of an observation. */
interface Readable {
  readonly camera: string;
  readonly captured_at: string;
  readonly description: string | null;
  readonly answers: Readonly<Record<string, unknown>>;
  readonly late?: unknown;
}

/** An observation as text: a line for the description and one for each answer. */
export function observationText({ camera, captured_at, description, answers, late }: Readable): string {
  const lines = Object.entries(answers).map(([question, answer]) => `  ${question}: ${answer}\n`);
  return `${camera}, ${captured_at}${late ? ' (late)' : ''}: ${description ?? 'answers'}\n${lines.join('')}`;
}
