import type { CollectedAnswer } from '../domain/collected-picture.ts';
import { isOfType, type Label, type LabelledQuestion, type LabelledType } from '../domain/label.ts';
import type { Answer } from '../domain/observation.ts';
import { answerText } from './eval-text.ts';
import { printable } from './terminal/printable.ts';

/** A question about a picture that has no label yet. */
export interface LabelTask {
  /** As people find it. */
  readonly path: string;
  /** Its path in the labelled set. */
  readonly picture: string;
  readonly camera: string;
  readonly question: LabelledQuestion;
  readonly description: string | null;
  /** What the model said; null: unknown. */
  readonly said: Pick<CollectedAnswer, 'value' | 'confidence'> | null;
}

interface SessionParts {
  readonly write: (text: string) => void;
  readonly save: (label: Label) => Promise<void>;
  readonly now: () => Date;
}

/** Labels set in the order in which they can be undone; null: skipped. */
type Done = Label | null;

/**
 * Asks for one label after another, a key each: the value, `s` skips, `u` takes the last one back, `q` quits; so does the end
 * of the keys.
 * @param keys single characters
 * @returns the number of labels set
 */
export async function labelSession(
  tasks: readonly LabelTask[],
  keys: AsyncIterable<string>,
  { write, save, now }: SessionParts,
): Promise<number> {
  const done: Done[] = [];
  let typed = '';
  const ask = (): void => {
    const task = tasks[done.length];
    if (task) write(`${taskText(task, done.length, tasks.length)}\n${keyText(task.question.type)} > `);
  };
  const undo = async (): Promise<void> => {
    const label = done.pop();
    if (label) await save({ ...label, value: null, at: now() });
    write(label === undefined ? 'nothing to undo\n' : 'undone\n');
  };
  ask();
  for await (const key of keys) {
    const task = tasks[done.length];
    if (!task || key === 'q' || key === '\x03' || key === '\x04') break;
    if (key === 'u') await undo();
    else if (key === 's') {
      done.push(null);
      write('skipped\n');
    } else {
      // Of a pipe: after a single key it means nothing.
      if (typed === '' && /\s/.test(key)) continue;
      const read = readKey(task.question.type, key, typed);
      typed = read.typed;
      if (read.value === null) {
        write(read.fault === undefined ? key : `\n${read.fault}\n> `);
        continue;
      }
      const { picture, camera, question } = task;
      const label = { picture, camera, question, value: read.value, by: 'terminal', at: now() };
      await save(label);
      done.push(label);
      write(`${answerText(read.value)}\n`);
    }
    typed = '';
    if (done.length === tasks.length) break;
    ask();
  }
  return done.filter((label) => label !== null).length;
}

/** A key, after what was typed before; a number of several digits ends with the Enter key. */
function readKey(
  type: LabelledType,
  key: string,
  typed: string,
): { readonly value: Answer | null; readonly typed: string; readonly fault?: string } {
  const refused = { value: null, typed: '', fault: `press ${keyText(type)}` };
  if (type.kind === 'boolean') {
    const value = { y: true, n: false }[key.toLowerCase()];
    return value === undefined ? refused : { value, typed: '' };
  }
  const isEnter = key === '\r' || key === '\n';
  if (takesEnter(type) && !isEnter) return /[\d-]/.test(key) ? { value: null, typed: typed + key } : refused;
  const text = takesEnter(type) ? typed : key;
  const number = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  const value = type.kind === 'enum' ? type.values[number - 1] : number;
  return isOfType(type, value) ? { value, typed: '' } : { ...refused, fault: `press ${keyText(type)}` };
}

function takesEnter(type: Exclude<LabelledType, { kind: 'boolean' }>): boolean {
  return type.kind === 'enum' ? type.values.length > 9 : type.min < 0 || type.max > 9;
}

function keyText(type: LabelledType): string {
  return `${valueKeys(type)}, s skip, u undo, q quit`;
}

function valueKeys(type: LabelledType): string {
  if (type.kind === 'boolean') return 'y yes, n no';
  const enter = takesEnter(type) ? ' and Enter' : '';
  if (type.kind === 'integer') return `${type.min} to ${type.max}${enter}`;
  return `${type.values.map((value, index) => `${index + 1} ${value}`).join(', ')}${enter}`;
}

function taskText(
  { path, camera, question, description, said }: LabelTask,
  index: number,
  count: number,
): string {
  const sure = said?.confidence == null ? '' : ` (${Math.round(said.confidence * 100)} % sure)`;
  return [
    `\n${index + 1} of ${count}: ${printable(path)}`,
    ...(description === null ? [] : [`  ${printable(description)}`]),
    `${camera}/${question.name}: ${question.ask}`,
    ...(said ? [`The model said ${answerText(said.value)}${sure}.`] : []),
  ].join('\n');
}
