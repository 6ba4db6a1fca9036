/**
 * The demo: an embedded broker, the daemon with a drawn camera, the demo model and the window, and a subscriber that prints
 * each description it receives next to what was drawn.
 *
 *   node tools/demo/demo.ts [--frames N] [--size 640x480] [--seed N]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { Aedes } from 'aedes';
import { connectAsync } from 'mqtt';
import { type ObservationPayload, observationSchema } from '../../src/contract/payloads.ts';
import { topicsOf } from '../../src/contract/topics.ts';
import { DrawnTruths } from './drawn-truths.ts';
import { windowAddress } from './window-address.ts';

const { values } = parseArgs({
  options: {
    frames: { type: 'string' },
    size: { type: 'string', default: '640x480' },
    seed: { type: 'string', default: '900000' },
  },
});
const frames = values.frames === undefined ? Number.POSITIVE_INFINITY : Number(values.frames);
if (!(frames >= 1)) throw new Error(`--frames ${values.frames}: must be a whole number from 1`);
const intervalMs = 3000;
/** Shorter than the interval, so that each look sees a new scene. */
const sceneMs = 2500;
const camera = 'drawn';
const question = 'How many shapes are there?';
const topics = topicsOf('demo');

const broker = await Aedes.createBroker();
const server = createServer(broker.handle).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
const url = `mqtt://127.0.0.1:${port}`;

const folder = await mkdtemp(join(tmpdir(), 'scenecast-demo-'));
const configPath = join(folder, 'config.yaml');
const listen = await windowAddress();
const config = {
  device: 'demo',
  log_level: 'warn',
  mqtt: { url },
  store: { folder: 'state' },
  web: { listen },
  // The demo model is too small for a second thread to help.
  model: { threads: 1 },
  cameras: {
    [camera]: {
      source: { type: 'scene', seed: Number(values.seed), size: values.size, every: `${sceneMs}ms` },
      interval: `${intervalMs}ms`,
      questions: { count: { ask: question } },
    },
  },
};
await writeFile(configPath, JSON.stringify(config)); // JSON is YAML

const truths = new DrawnTruths(Number(values.seed), values.size);
const daemon = spawn(
  process.execPath,
  [join(import.meta.dirname, '../../src/main.ts'), 'run', '--config', configPath],
  {
    // Not a terminal: there it would print each description too.
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
daemon.stdout.pipe(process.stderr, { end: false });
const daemonExit = once(daemon, 'exit');
const subscriber = await connectAsync(url, { protocolVersion: 4 });
let exitCode = 0;
try {
  print('Each description below came over MQTT from a daemon that looks at drawn scenes.');
  if (listen !== null) print(`See it in a browser: http://${listen}`);
  print(`All messages: mosquitto_sub -p ${port} -v -t 'scenecast/demo/#'. Stop: Ctrl-C.`);
  const done = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done.resolve());
  void daemonExit.then(([code]) => done.reject(new Error(`the daemon exited early with code ${code}`)));
  let received = 0;
  let correct = 0;
  let queue = Promise.resolve();
  subscriber.on('message', (_topic, payload) => {
    queue = queue
      .then(async () => {
        if (received >= frames) return;
        const description = observationSchema.parse(JSON.parse(payload.toString('utf8')));
        const truth = await truths.find(description.image.sha256);
        const isCorrect = truth?.caption === description.description;
        received++;
        if (isCorrect) correct++;
        show(description, truth?.caption ?? '(not one of the drawn scenes)', isCorrect);
        if (received >= frames) done.resolve();
      })
      .catch(done.reject);
  });
  await subscriber.subscribeAsync(topics.observation(camera), { qos: 1 });
  await done.promise;
  process.stdout.write('\n');
  print(`${correct} of ${received} descriptions are exactly as drawn`);
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : error}\n`);
  exitCode = 1;
} finally {
  if (daemon.exitCode === null) daemon.kill('SIGTERM');
  await daemonExit;
  await subscriber.endAsync(true);
  await new Promise<void>((resolve) => broker.close(resolve));
  server.close();
  await rm(folder, { recursive: true });
}
process.exitCode = exitCode;

function show(description: ObservationPayload, truth: string, isCorrect: boolean): void {
  const mark = isCorrect ? styleText('green', 'correct') : styleText('red', 'not exact');
  const seconds = (description.timing_ms.total / 1000).toFixed(1);
  process.stdout.write(
    `\n  drawn     ${wrap(truth)}\n  received  ${wrap(description.description ?? '')}\n            ${mark}, in ${seconds} s\n` +
      `  question  ${question}\n  answer    ${description.answers['count']}\n`,
  );
}

/** Breaks a text into lines of at most 68 characters, to fit a terminal of 80 columns beside the labels. */
function wrap(text: string): string {
  return text.replace(/(?=.{69})(.{1,68}) /g, '$1\n            ');
}

function print(text: string): void {
  process.stdout.write(`${styleText('dim', text)}\n`);
}
