import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { answerReport, compareSettings } from '../answers/answer-report.ts';
import { details } from '../domain/detail.ts';
import { ScenecastError } from '../domain/errors.ts';
import { currentLabels } from '../domain/label.ts';
import { readLabels } from '../labels/labels-file.ts';
import { labelledFolder } from '../setup/labelled-folder.ts';
import { requireWritable } from '../system/require-writable.ts';
import { evalJson } from './eval-json.ts';
import { KeptMeasures } from './eval-keep.ts';
import { type LabelledPicture, labelledPictures, runSetting, type SettingResult } from './eval-run.ts';
import {
  type Compared,
  chosenLabels,
  type EvalSetting,
  parseCompared,
  type SettingFlags,
  settingOf,
  unconfiguredQuestions,
  withCompared,
} from './eval-settings.ts';
import { type EvalReport, evalText } from './eval-text.ts';
import { parsePositive } from './flag-parser.ts';
import { progressBar } from './progress-bar.ts';
import { escaped, reliabilityPicture } from './reliability-picture.ts';

interface Flags extends SettingFlags {
  readonly camera?: string;
  readonly question?: string;
  readonly compare?: Compared;
  readonly require?: number;
  readonly report?: string;
  readonly keep?: true;
  readonly json?: true;
}

/** `scenecast eval FOLDER`: how good a model's answers are on labelled pictures. */
export function evalCommand(signal: AbortSignal): Command {
  return new Command('eval')
    .description('measure how good answers are, on labelled pictures; prints Markdown tables')
    .argument('[folder]', "folder with labels.jsonl and its pictures (default: the config's collected ones)")
    .option('-c, --config <file>', "use this config's model, and its questions as they are worded now")
    .option('--camera <name>', 'only labels of this camera')
    .option('--question <name>', 'only labels of this question')
    .option('--model <folder>', 'folder with a text GGUF and its mmproj GGUF, or name of a pulled model')
    .addOption(new Option('--detail <level>', "in place of the config's").choices(details))
    .option('--image-tokens <count>', 'maximum image tokens of a picture', parsePositive)
    .option('--ask <words>', 'ask the question in these words')
    .option('--prompt <words>', 'describe each picture too, so that the time is what the daemon takes')
    .option(
      '--compare <setting>',
      'a second setting: ask=..., model=..., detail=..., image_tokens=..., prompt=...; repeatable',
      parseCompared,
    )
    .option('--require <mark>', 'fail if a question has a lower accuracy, such as accuracy=0.9', parseMark)
    .option('--keep', "have the config's daemon calibrate its confidences by this, and publish the accuracy")
    .option(
      '--report <file>',
      'write how often answers of each confidence are right, to a .svg or .html file',
      parseReport,
    )
    .option('--json', 'print JSON')
    .exitOverride()
    .action((folder: string | undefined, flags: Flags) => evaluate(folder, flags, signal));
}

async function evaluate(named: string | undefined, flags: Flags, signal: AbortSignal): Promise<void> {
  const { folder, config } = await labelledFolder(named, flags.config, 'read');
  const kept = flags.keep ? await KeptMeasures.open(flags.config) : null;
  if (flags.report !== undefined) await requireWritable(flags.report);
  const labels = chosenLabels(currentLabels(await readLabels(folder)), folder, flags);
  const settings = [await settingOf(flags)];
  if (flags.compare) settings.push(await settingOf(withCompared(flags, flags.compare)));
  for (const name of config ? unconfiguredQuestions(config, labels) : [])
    process.stderr.write(`scenecast: the config has no question ${name}; it is asked as it was labelled\n`);
  const { pictures, faults } = await labelledPictures(folder, labels);
  for (const fault of faults) process.stderr.write(`scenecast: ${fault}; left out\n`);
  if (pictures.length === 0) throw new ScenecastError(`${folder}: none of the labelled pictures can be read`);
  const results = await runAll(settings, pictures, signal);
  const report = reportOf(results);
  process.stdout.write(`${flags.json ? JSON.stringify(evalJson(report), null, 2) : evalText(report)}\n`);
  await kept?.save(report.settings[0]!, new Date());
  if (flags.report !== undefined) await writeReport(flags.report, report);
  if (flags.require !== undefined) requireAccuracy(report, flags.require);
}

async function runAll(
  settings: readonly EvalSetting[],
  pictures: readonly LabelledPicture[],
  signal: AbortSignal,
): Promise<SettingResult[]> {
  const results: SettingResult[] = [];
  const total = settings.length * pictures.length;
  try {
    for (const setting of settings) {
      const before = results.length * pictures.length;
      results.push(await runSetting(setting, pictures, signal, (done) => showProgress(before + done, total)));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new ScenecastError('interrupted', { cause: error });
  }
  for (const { unfit } of results)
    if (unfit > 0)
      process.stderr.write(
        `scenecast: ${unfit} labels do not fit the type that their question has now; left out\n`,
      );
  return results;
}

function reportOf(results: readonly SettingResult[]): EvalReport {
  const settings = results.map((result) => ({
    ...result,
    questions: result.questions.map((question) => ({ ...question, report: answerReport(question.judged) })),
  }));
  const [first, second] = results;
  if (!second) return { settings, comparisons: [] };
  const comparisons = first!.questions.flatMap(({ camera, question: { name }, judged }) => {
    const other = second.questions.find((each) => each.camera === camera && each.question.name === name);
    const pairs = judged.flatMap((answer) => {
      const same = other?.judged.find(({ picture }) => picture === answer.picture);
      return same ? [[answer, same] as const] : [];
    });
    return pairs.length === 0 ? [] : [{ camera, question: name, comparison: compareSettings(pairs) }];
  });
  return { settings, comparisons };
}

/** Of the first setting: the second one is there to be compared. */
function requireAccuracy({ settings }: EvalReport, mark: number): void {
  const below = settings[0]!.questions.filter(({ report: { right, count } }) => right / count < mark);
  if (below.length === 0) return;
  const shares = below.map(
    ({ camera, question, report: { right, count } }) =>
      `${camera}/${question.name} has ${(right / count).toFixed(3)}`,
  );
  throw new ScenecastError(`accuracy below ${mark}: ${shares.join(', ')}`);
}

async function writeReport(file: string, report: EvalReport): Promise<void> {
  const curves = report.settings.flatMap(({ questions, model }) =>
    questions.flatMap(({ camera, question, report: { confidence } }) =>
      confidence
        ? [
            {
              title: `${camera}/${question.name}, ${model.name}`,
              bins: confidence.bins,
              calibrated: confidence.calibrated?.bins ?? null,
            },
          ]
        : [],
    ),
  );
  if (curves.length === 0) throw new ScenecastError(`${file}: not written: this engine gives no confidences`);
  const picture = reliabilityPicture(curves);
  const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>scenecast eval</title>
<style>:root { color-scheme: light dark } body { font: 15px system-ui, sans-serif; margin: 24px } pre { overflow-x: auto }</style>
${picture}<pre>${escaped(evalText(report))}</pre>
</html>
`;
  await writeFile(file, file.endsWith('.svg') ? picture : page);
}

function showProgress(done: number, total: number): void {
  const line = `${done} of ${total} pictures`;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[Kanswering ${progressBar(done / total)} ${line}`);
  else if (done > 0 && done % 50 === 0) process.stderr.write(`${line}\n`);
}

function parseMark(text: string): number {
  const mark = Number(/^accuracy=(.+)$/.exec(text)?.[1]);
  if (!(mark >= 0 && mark <= 1))
    throw new InvalidArgumentError('It must be accuracy= and a share from 0 to 1.');
  return mark;
}

function parseReport(file: string): string {
  if (!/\.(svg|html)$/.test(file)) throw new InvalidArgumentError('The file must end in .svg or .html.');
  return file;
}
