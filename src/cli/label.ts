import { stripVTControlCharacters } from 'node:util';
import { Command } from 'commander';
import { namePattern } from '../contract/fields.ts';
import { ConfigError } from '../domain/errors.ts';
import { isLabelled, type LabelledQuestion } from '../domain/label.ts';
import { appendLabels, labelsPath, readLabels } from '../labels/labels-file.ts';
import { labelledFolder } from '../setup/labelled-folder.ts';
import { AskedQuestions } from './asked-questions.ts';
import { labelSession } from './label-session.ts';
import { labelTasks } from './label-tasks.ts';

interface Flags {
  readonly config?: string;
  readonly camera?: string;
  readonly question?: string;
}

/** `scenecast label FOLDER`: says what is right about pictures, a key each. */
export function labelCommand(signal: AbortSignal): Command {
  const asked = new AskedQuestions();
  return new Command('label')
    .description('label pictures with the right answers, a key each; goes on where it was left')
    .argument('[folder]', "folder of pictures (default: those that the config's daemon has collected)")
    .option('-c, --config <file>', "label this config's questions")
    .option('--camera <name>', 'camera of the pictures, if they do not say so themselves')
    .option('--question <name>', 'label only this question')
    .option('--ask <question>', 'a question that no config has, with --question and --type', asked.ask)
    .option(
      '--type <type>',
      'type of its answer: boolean, integer, integer:0-9 or enum:red,green',
      asked.type,
    )
    .exitOverride()
    .action((folder: string | undefined, flags: Flags) =>
      label(folder, flags, questionOf(asked, flags), signal),
    );
}

async function label(
  named: string | undefined,
  { config: configPath, camera, question }: Flags,
  asked: LabelledQuestion | null,
  signal: AbortSignal,
): Promise<void> {
  const { folder, config } = await labelledFolder(named, configPath, 'write');
  const labels = await readLabels(folder);
  const { tasks, pictures, labelled } = await labelTasks(folder, labels, { config, camera, question, asked });
  const write = (text: string): void => void process.stdout.write(text);
  write(`pictures: ${pictures}, labels set: ${labelled}, to go: ${tasks.length}\n`);
  if (tasks.length === 0) return;
  const set = await labelSession(tasks, keysOf(process.stdin, signal), {
    write,
    save: (each) => appendLabels(folder, [each]),
    now: () => new Date(),
  });
  write(`\n${set} written to ${labelsPath(folder)}, ${tasks.length - set} to go\n`);
}

function questionOf({ all }: AskedQuestions, { question: name }: Flags): LabelledQuestion | null {
  const [asked, ...others] = all;
  if (!asked) return null;
  if (others.length > 0) throw new ConfigError('--ask: label one question at a time');
  const question = { ...asked, name: name ?? '' };
  if (!namePattern.test(question.name) || !isLabelled(question))
    throw new ConfigError('--ask: needs --question with a name such as gate_open, and --type');
  return question;
}

/** Single keys of a terminal, which does not echo them; or the characters of a pipe. */
async function* keysOf(input: NodeJS.ReadStream, signal: AbortSignal): AsyncGenerator<string> {
  if (input.isTTY) input.setRawMode(true);
  const end = (): void => void input.destroy();
  signal.addEventListener('abort', end, { once: true });
  try {
    // Keys such as Delete send a sequence with a digit in it.
    for await (const text of input.setEncoding('utf8'))
      yield* input.isTTY ? stripVTControlCharacters(text) : (text as string);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', end);
    if (input.isTTY) input.setRawMode(false);
    input.destroy();
  }
}
