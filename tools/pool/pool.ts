/**
 * Sends images to a pool of workers of different speeds, kills one of them in the middle of an image, and counts answers.
 *
 *   npm run test:pool -- [--images N] [--speeds MS,MS,...] [--concurrency N]
 *
 * mosquitto, its shared subscription, the sender (PoolDescriber) and the workers (PoolWorker, a process each) are real; the
 * engines are fake: each takes its time and replays a recorded answer. Two runs: mosquitto with its defaults, and with
 * persistence and autosave. 70 % of the images measure the shares; during the others the slowest worker is killed.
 * Exits with 1 if an image was not answered exactly once (or expired), or a share is far from its speed's.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { ulid } from 'ulid';
import { ExpiredError } from '../../src/domain/errors.ts';
import { PoolDescriber } from '../../src/mqtt/pool/describer.ts';
import { openBroker } from '../test/broker-address.ts';
import { Mosquitto } from '../test/mosquitto.ts';
import { Answers } from './answers.ts';
import type { WorkerSettings } from './worker.ts';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '500' },
    speeds: { type: 'string', default: '200,400,800,1600' },
    concurrency: { type: 'string', default: '4' },
  },
});
const images = Number(values.images);
const speeds = values.speeds.split(',').map(Number);
const concurrency = Number(values.concurrency);
if (![images, concurrency, ...speeds].every((value) => Number.isInteger(value) && value > 0))
  throw new Error('--images, --speeds and --concurrency must be whole numbers from 1');

const device = 'pool-test';
const workingEveryMs = 500;
const silenceMs = 2000;
const quiet = (): void => {};

/** The child process of a worker board. */
class Worker {
  readonly engineMs: number;
  readonly name: string;
  /** Images begun and not ended. */
  readonly atWork = new Set<string>();
  readonly #child: ChildProcess;
  readonly #ready: Promise<unknown>;

  constructor(url: string, engineMs: number) {
    this.engineMs = engineMs;
    this.name = `worker-${engineMs}ms`;
    const settings: WorkerSettings = { url, pool: 'boards', device: this.name, engineMs, workingEveryMs };
    this.#child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'worker.ts'), JSON.stringify(settings)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const lines = createInterface({ input: this.#child.stdout! });
    this.#ready = once(lines, 'line');
    lines.on('line', (line) => {
      const [word, id] = line.split(' ');
      if (word === 'begun') this.atWork.add(id!);
      if (word === 'ended') this.atWork.delete(id!);
    });
  }

  async ready(): Promise<void> {
    await this.#ready;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'close');
  }
}

interface Sent {
  readonly id: string;
  readonly sha256: string;
  end: 'answered' | 'expired' | 'failed';
}

/** Sends images, `concurrency` at a time. */
async function send(pool: PoolDescriber, count: number, picture: Buffer, sent: Sent[]): Promise<void> {
  let left = count;
  const never = new AbortController().signal;
  const sendOn = async (): Promise<void> => {
    while (left-- > 0) {
      const id = ulid();
      // Bytes after a JPEG's end are ignored, and make each image different.
      const bytes = Buffer.concat([picture, Buffer.from(id)]);
      const one: Sent = { id, sha256: createHash('sha256').update(bytes).digest('hex'), end: 'answered' };
      sent.push(one);
      const request = {
        picture: { bytes, size: { width: 320, height: 240 } },
        prompt: id,
        questions: [],
        frame: { id, camera: 'porch' },
      };
      await pool.describe(request, never).catch((error: unknown) => {
        one.end = error instanceof ExpiredError ? 'expired' : 'failed';
        if (one.end === 'failed') process.stderr.write(`${id}: ${String(error)}\n`);
      });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, sendOn));
}

/** Images described by each worker, against its share by speed. */
function sharesOf(
  workers: readonly Worker[],
  answers: Answers,
): { rows: Record<string, object>; isFair: boolean } {
  const first = [...answers.described.values()].map(([answer]) => answer!.worker);
  const speedSum = workers.reduce((sum, { engineMs }) => sum + 1 / engineMs, 0);
  const counted = workers.map(({ name, engineMs }) => {
    const described = first.filter((worker) => worker === name).length;
    const bySpeed = first.length / engineMs / speedSum;
    return { name, engineMs, described, bySpeed };
  });
  const isNear = ({ described, bySpeed }: (typeof counted)[number]): boolean =>
    described <= bySpeed * 1.5 + 3 && described >= bySpeed / 1.5 - 3;
  const isInOrder = counted.every(
    ({ described }, index) => index === 0 || counted[index - 1]!.described >= described,
  );
  return {
    rows: Object.fromEntries(
      counted.map(({ name, engineMs, described, bySpeed }) => [
        name,
        {
          engineMs,
          described,
          'by its speed': Math.round(bySpeed * 10) / 10,
          factor: Math.round((described / bySpeed) * 100) / 100,
        },
      ]),
    ),
    isFair: isInOrder && counted.every(isNear),
  };
}

async function run(settings: (folder: string) => string): Promise<boolean> {
  const broker = await Mosquitto.start(settings);
  const answers = await Answers.start(broker.url, device);
  const workers = speeds.toSorted((a, b) => a - b).map((engineMs) => new Worker(broker.url, engineMs));
  const pool = new PoolDescriber({
    broker: openBroker(broker.url),
    device,
    pool: null,
    concurrency,
    deadlineMs: 60_000,
    fallback: null,
    silenceMs,
    log: {
      debug: quiet,
      info: quiet,
      warn: quiet,
      error: (fields, message) => console.error(message, fields),
    },
  });
  try {
    await Promise.all(workers.map((worker) => worker.ready()));
    await pool.start();
    const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const;
    const picture = await sharp({
      create: { width: 320, height: 240, channels: 3, background: 'grey', noise },
    })
      .jpeg()
      .toBuffer();
    const sent: Sent[] = [];

    const forShares = Math.round(images * 0.7);
    const startMs = performance.now();
    await send(pool, forShares, picture, sent);
    const seconds = (performance.now() - startMs) / 1000;
    const shares = sharesOf(workers, answers);
    console.table(shares.rows);
    console.log(
      `${forShares} images of ${picture.length} bytes in ${seconds.toFixed(1)} s; a busy worker refused one ${answers.refusals} times`,
    );

    const victim = workers.at(-1)!;
    const sending = send(pool, images - forShares, picture, sent);
    // It has just begun, so that it cannot have ended when the signal arrives.
    const before = [...victim.atWork][0];
    while (victim.atWork.size === 0 || victim.atWork.has(before ?? '')) await sleep(1);
    await victim.kill();
    const cut = [...victim.atWork];
    await sending;
    // Wait for late answers.
    await sleep(1000);

    const ends = (end: Sent['end']): number => sent.filter((one) => one.end === end).length;
    const given = (id: string): number => answers.described.get(id)?.length ?? 0;
    const once = sent.filter(({ id }) => given(id) === 1).length;
    const twice = sent.filter(({ id }) => given(id) > 1).length;
    const none = sent.filter(({ id, end }) => end === 'answered' && given(id) === 0).length;
    const wrong = sent.filter(({ id, sha256 }) =>
      answers.described.get(id)?.some((answer) => answer.sha256 !== sha256),
    );
    const saved = cut.filter((id) => answers.described.get(id)?.some(({ worker }) => worker !== victim.name));
    console.log(
      `${sent.length} images sent: ${ends('answered')} answered, ${ends('expired')} expired, ${ends('failed')} failed; ` +
        `${once} answered exactly once, ${twice} more than once, ${wrong.length} with another image's answer`,
    );
    console.log(
      `${victim.name} killed while describing: it had begun ${cut.length} and not answered, others answered ${saved.length} of them`,
    );
    return (
      shares.isFair &&
      answers.faults + ends('failed') + none + wrong.length === 0 &&
      once + twice + ends('expired') === images &&
      twice <= cut.length &&
      cut.length === 1 &&
      saved.length === cut.length
    );
  } finally {
    await pool.close();
    await Promise.all(workers.map((worker) => worker.kill()));
    await answers.close();
    await broker.close();
  }
}

const runs = [
  { name: 'mosquitto with defaults', settings: () => 'allow_anonymous true' },
  {
    name: 'mosquitto with autosave',
    settings: (folder: string) =>
      `allow_anonymous true\nuser root\npersistence true\npersistence_location ${folder}/\nautosave_interval 1`,
  },
];
let isGood = true;
console.log(`engines recorded, of ${speeds.join(', ')} ms per image; ${concurrency} images at a time`);
for (const { name, settings } of runs) {
  console.log(`\n${name}`);
  isGood = (await run(settings)) && isGood;
}
console.log(
  isGood ? '\nevery image was answered or expired, and each worker took what its speed allows' : '\nNOT GOOD',
);
process.exitCode = isGood ? 0 : 1;
