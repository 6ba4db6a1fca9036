/**
 * The accuracy of the whole path, from the drawn scene to the MQTT payload, on scenes never trained on.
 *
 *   npm run accuracy -- [--from-seed 900000] [--count 300] [--model FOLDER]
 *
 * Prints a table; exit 1 below the marks.
 */
import { parseArgs } from 'node:util';
import { Mosquitto } from '../test/mosquitto.ts';
import { heldOutScenes } from './held-out-scenes.ts';
import { describeScenes } from './real-path.ts';
import { scoreOf, shortfalls, tableOf } from './score.ts';

const { values } = parseArgs({
  options: {
    'from-seed': { type: 'string', default: '900000' },
    count: { type: 'string', default: '300' },
    model: { type: 'string' },
  },
});
const scenes = heldOutScenes(Number(values['from-seed']), Number(values.count));
const broker = await Mosquitto.start();
try {
  const started = performance.now();
  const described = await describeScenes({
    brokerUrl: broker.url,
    scenes,
    model: values.model ?? null,
    onProgress: (count) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${count} of ${scenes.length} described`);
      else if (count % 50 === 0) process.stderr.write(`${count} of ${scenes.length} described\n`);
    },
  });
  const seconds = (performance.now() - started) / 1000;
  const score = scoreOf(described);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  for (const miss of score.misses) console.log(miss);
  console.log(tableOf(score));
  console.log(`${scenes.length} scenes in ${seconds.toFixed(0)} s`);
  const missed = shortfalls(score);
  for (const line of missed) console.error(line);
  process.exitCode = missed.length > 0 ? 1 : 0;
} finally {
  await broker.close();
}
