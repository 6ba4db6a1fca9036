import { Command, Option } from 'commander';
import { language } from '../config/language-schema.ts';
import { modelSchema } from '../config/schema.ts';
import { roundedConfidences, tokenPayload } from '../contract/payloads.ts';
import { defaultPrompt } from '../domain/default-prompt.ts';
import { type Detail, details } from '../domain/detail.ts';
import { exitCodes, messageOf } from '../domain/errors.ts';
import { promptIn, questionIn } from '../domain/language.ts';
import type { Description, Question } from '../domain/observation.ts';
import { withoutSecrets } from '../domain/shown-address.ts';
import { setUpEngine } from '../setup/engine.ts';
import { usualSizes } from '../setup/job.ts';
import { modelFilesOf } from '../setup/model-files.ts';
import { AskedQuestions } from './asked-questions.ts';
import { flagParser, parsePositive } from './flag-parser.ts';
import { picturesOf } from './pictures.ts';
import { printable } from './terminal/printable.ts';
import { withEngine } from './with-engine.ts';

interface Flags {
  readonly prompt: string;
  readonly language: string;
  readonly model?: string;
  readonly detail?: Detail;
  readonly imageTokens?: number;
  readonly json?: true;
}

/** `scenecast describe IMAGE...`: describes pictures. */
export function describeCommand(signal: AbortSignal): Command {
  const asked = new AskedQuestions();
  return new Command('describe')
    .description('describe pictures: files, folders, web addresses or standard input')
    .argument('<image...>', 'files, folders of them, http(s) addresses, or - for standard input')
    .option('--prompt <words>', 'prompt for the model', defaultPrompt)
    .option('--ask <question>', 'question about each picture; repeatable', asked.ask)
    .option(
      '--type <type>',
      'type of the answer to the question before: boolean, integer, integer:0-9 or enum:red,green',
      asked.type,
    )
    .option('--language <language>', 'language of the answers, such as de', flagParser(language), 'en')
    .option('--model <folder>', 'folder with a text GGUF and its mmproj GGUF (default: the demo model)')
    .addOption(new Option('--detail <level>', 'how closely a picture is looked at').choices(details))
    .option('--image-tokens <count>', 'maximum image tokens of a picture', parsePositive)
    .option('--json', 'print one JSON object per picture')
    .exitOverride()
    .action((images: string[], flags: Flags) => describe(images, flags, asked.all, signal));
}

async function describe(
  images: readonly string[],
  flags: Flags,
  asked: readonly Question[],
  signal: AbortSignal,
): Promise<void> {
  const model = modelSchema.parse({
    path: flags.model,
    detail: flags.detail,
    image_tokens: flags.imageTokens,
  });
  const prompt = promptIn(flags.language, flags.prompt);
  const questions = asked.map((question) => questionIn(flags.language, question));
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

function jsonLine(image: string, description: Description): string {
  const { text, answers, finishReason, timings, tokens, model } = description;
  const line = {
    image,
    description: text,
    answers,
    confidences: roundedConfidences(description),
    finish_reason: finishReason,
    tokens: tokenPayload(tokens),
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

function plainText(image: string, { text, answers, confidences = {} }: Description): string {
  const lines = Object.entries(answers).map(([question, answer]) => {
    const confidence = confidences[question];
    const sure = confidence === undefined ? '' : ` (${(confidence * 100).toFixed(1)} % sure)`;
    return `  ${question} ${printable(`${answer}`)}${sure}\n`;
  });
  return `${image}: ${printable(text ?? '')}\n${lines.join('')}`;
}
