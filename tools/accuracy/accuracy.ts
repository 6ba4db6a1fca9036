/**
 * The accuracy of the whole path, from the drawn scene to the MQTT payload, on scenes never trained on.
 *
 *   npm run accuracy -- [--from-seed 900000] [--count 300] [--shapes large|small|mixed] [--model FOLDER]
 *   npm run accuracy -- --confidence [--from-seed 900000] [--count 2000] [--shapes ...] [--model FOLDER]
 *
 * --shapes small: the same scenes with small shapes; mixed: some large, some small. Default: large, and models/demo.
 * The second one asks the engine typed questions, and judges the confidences of its answers: 2,000 scenes have at
 * least 2,000 questions of each type. By default it takes each scene with large shapes and with small ones: of large
 * ones alone, too few answers are wrong to judge by. Prints a table; exit 1 below the marks.
 */
import { parseArgs } from 'node:util';
import { Mosquitto } from '../test/mosquitto.ts';
import { answerScenes, confidenceScore, confidenceShortfalls, confidenceTable } from './confidence.ts';
import { heldOutScenes, heldOutScenesOfBothSizes, parseShapes } from './held-out-scenes.ts';
import { describeScenes } from './real-path.ts';
import { scoreOf, shortfalls, tableOf } from './score.ts';

const { values } = parseArgs({
  options: {
    'from-seed': { type: 'string', default: '900000' },
    count: { type: 'string' },
    confidence: { type: 'boolean', default: false },
    shapes: { type: 'string' },
    model: { type: 'string' },
  },
});
const shapes = parseShapes(values.shapes ?? 'large');
const fromSeed = Number(values['from-seed']);
const count = Number(values.count ?? (values.confidence ? 2000 : 300));
const scenes =
  values.confidence && values.shapes === undefined
    ? heldOutScenesOfBothSizes(fromSeed, count)
    : heldOutScenes(fromSeed, count, shapes);
const model = values.model ?? null;
const started = performance.now();
const missed = values.confidence ? await judgeConfidences() : await judgeRealPath();
for (const line of missed) console.error(line);
process.exitCode = missed.length > 0 ? 1 : 0;

async function judgeRealPath(): Promise<string[]> {
  const broker = await Mosquitto.start();
  try {
    const described = await describeScenes({
      brokerUrl: broker.url,
      scenes,
      model,
      onProgress: showProgress,
    });
    const score = scoreOf(described);
    clearProgress();
    for (const miss of score.misses) console.log(miss);
    console.log(tableOf(score));
    showTime();
    return shortfalls(score, shapes);
  } finally {
    await broker.close();
  }
}

async function judgeConfidences(): Promise<string[]> {
  const answers = await answerScenes(scenes, model, showProgress);
  const scores = new Map([...answers].map(([type, each]) => [type, confidenceScore(each)]));
  clearProgress();
  console.log(confidenceTable(scores));
  showTime();
  return confidenceShortfalls(scores);
}

function showProgress(count: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${count} of ${scenes.length} described`);
  else if (count % 50 === 0) process.stderr.write(`${count} of ${scenes.length} described\n`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}

function showTime(): void {
  console.log(`${scenes.length} scenes in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}
