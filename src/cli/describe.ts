import { Command } from 'commander';
import { language } from '../config/language-schema.ts';
import { modelSchema } from '../config/schema.ts';
import { defaultPrompt } from '../domain/default-prompt.ts';
import { exitCodes, messageOf } from '../domain/errors.ts';
import { promptIn } from '../domain/language.ts';
import type { Description } from '../domain/observation.ts';
import { withoutSecrets } from '../domain/shown-address.ts';
import { setUpEngine } from '../setup/engine.ts';
import { usualSizes } from '../setup/job.ts';
import { modelFilesOf } from '../setup/model-files.ts';
import { flagParser } from './flag-parser.ts';
import { picturesOf } from './pictures.ts';
import { withEngine } from './with-engine.ts';

interface Flags {
  readonly prompt: string;
  readonly ask?: readonly string[];
  readonly language: string;
  readonly model?: string;
  readonly json?: true;
}

/** `scenecast describe IMAGE...`: describes pictures. */
export function describeCommand(signal: AbortSignal): Command {
  return new Command('describe')
    .description('describe pictures: files, folders, web addresses or standard input')
    .argument('<image...>', 'files, folders of them, http(s) addresses, or - for standard input')
    .option('--prompt <words>', 'prompt for the model', defaultPrompt)
    .option('--ask <question>', 'question about each picture; repeatable', collect)
    .option('--language <language>', 'language of the answers, such as de', flagParser(language), 'en')
    .option('--model <folder>', 'folder with a text GGUF and its mmproj GGUF (default: the demo model)')
    .option('--json', 'print one JSON object per picture')
    .exitOverride()
    .action((images: string[], flags: Flags) => describe(images, flags, signal));
}

async function describe(images: readonly string[], flags: Flags, signal: AbortSignal): Promise<void> {
  const model = modelSchema.parse(flags.model === undefined ? {} : { path: flags.model });
  const prompt = promptIn(flags.language, flags.prompt);
  const questions = (flags.ask ?? []).map((ask) => ({ name: ask, ask: promptIn(flags.language, ask) }));
  const job = { pictureSizes: usualSizes, prompts: [prompt], questions: [questions] };
  const { options } = await setUpEngine(model, await modelFilesOf(model, process.cwd()), job);
  await withEngine(options, model.deadline, signal, async (engine) => {
    for (const argument of images)
      await reportingFaults(argument, signal, async () => {
        for (const { name, read } of await picturesOf(argument))
          await reportingFaults(name, signal, async () => {
            const picture = await read(signal);
            const description = await engine.describe({ picture, prompt, questions }, signal);
            process.stdout.write(flags.json ? jsonLine(name, description) : plainText(name, description));
          });
      });
  });
}

/** An unreadable picture does not stop the others; Ctrl-C does. */
async function reportingFaults(image: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    signal.throwIfAborted();
    const reason = messageOf(error);
    const where = reason.startsWith(`${image}: `) ? '' : `${withoutSecrets(image)}: `;
    process.stderr.write(`scenecast: ${where}${reason}\n`);
    process.exitCode = exitCodes.failure;
  }
}

function jsonLine(
  image: string,
  { text, answers, finishReason, timings, tokens, model }: Description,
): string {
  const line = {
    image,
    description: text,
    answers,
    finish_reason: finishReason,
    tokens,
    timing_ms: {
      pack: Math.round(timings.packMs),
      encode: Math.round(timings.encodeMs),
      prefill: Math.round(timings.prefillMs),
      generate: Math.round(timings.generateMs),
    },
    model,
  };
  return `${JSON.stringify(line)}\n`;
}

function plainText(image: string, { text, answers }: Description): string {
  const lines = Object.entries(answers).map(([question, answer]) => `  ${question} ${answer}\n`);
  return `${image}: ${text}\n${lines.join('')}`;
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
