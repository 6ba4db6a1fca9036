/**
 * Kills the broker and the daemon at random moments while descriptions are made, and counts what a subscriber misses.
 *
 *   npm run test:durability -- [--broker-kills N] [--daemon-kills N] [--rate N] [--seed N]
 *
 * Two runs, each with half of the kills: mosquitto as it comes (nothing is kept on disk), and with persistence and autosave.
 * The subscriber has a persistent session and is away for up to half a second now and then.
 * The descriptions are made up (no engine runs), 50 a second; outbox, publisher, mosquitto and their files are real.
 * A description is completed once the outbox has it. Exit code 1 where one was lost or came in two versions.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Mosquitto } from '../test/mosquitto.ts';
import { Listener } from './listener.ts';

const { values } = parseArgs({
  options: {
    'broker-kills': { type: 'string', default: '10' },
    'daemon-kills': { type: 'string', default: '10' },
    rate: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
  },
});
const counts = { broker: whole('broker-kills', 0), daemon: whole('daemon-kills', 0), rate: whole('rate', 1) };

/** A subscriber that was thrown out, or is away for a moment, has so long to come back. */
const settleMs = 1500;
const longestNapMs = 500;
let randomState = whole('seed', 0);

interface Result {
  readonly made: number;
  readonly completed: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly different: number;
  readonly outOfOrder: number;
  readonly naps: number;
  readonly daemonReport: string;
  readonly seconds: number;
}

/** The daemon's process, started again after each kill. */
class Daemon {
  readonly #settings: object;
  #child: ChildProcess | null = null;
  report = '';

  constructor(settings: object) {
    this.#settings = settings;
  }

  async start(firstNumber: number): Promise<void> {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'daemon.ts'), JSON.stringify({ ...this.#settings, firstNumber })],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#child = child;
    const lines = createInterface({ input: child.stdout! });
    lines.on('line', (line) => {
      if (line !== 'ready') this.report = line;
    });
    createInterface({ input: child.stderr! }).on('line', (line) => {
      if (/^error|dropped from/.test(line)) process.stderr.write(`daemon: ${line}\n`);
    });
    const exit = once(child, 'exit').then(() => 'exit');
    if ((await Promise.race([once(lines, 'line'), exit])) === 'exit')
      throw new Error('the daemon does not start');
  }

  async kill(): Promise<void> {
    const child = this.#child!;
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  /** Lets it deliver what waits, and end. */
  async finish(): Promise<void> {
    const child = this.#child!;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
    if (child.exitCode !== 0) throw new Error(`the daemon ended with ${child.exitCode ?? child.signalCode}`);
  }
}

async function run(
  settings: (folder: string) => string,
  brokerKills: number,
  daemonKills: number,
): Promise<Result> {
  const startMs = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-durability-'));
  const ledgerPath = join(folder, 'ledger');
  const broker = await Mosquitto.start(settings);
  const listener = await Listener.start(broker.url);
  const daemon = new Daemon({
    url: broker.url,
    outboxPath: join(folder, 'outbox.db'),
    ledgerPath,
    rate: counts.rate,
    settleMs,
  });
  try {
    await daemon.start(0);
    listener.takeNaps(longestNapMs, random);
    for (const victim of shuffled(brokerKills, daemonKills)) {
      // Half of them while what waits is being sent, or has been; the others sooner, before the broker is trusted again.
      await sleep(random() < 0.5 ? settleMs + random() * 1500 : random() * settleMs);
      if (victim === 'broker') {
        await broker.down('SIGKILL');
        await sleep(random() * 300);
        await broker.up();
      } else {
        await daemon.kill();
        await daemon.start(ledgerOf(ledgerPath).made.length);
      }
    }
    await sleep(settleMs);
    listener.wakeUp();
    await daemon.finish();
    await sleep(1000);
    return {
      ...compare(ledgerOf(ledgerPath), listener),
      naps: listener.naps,
      daemonReport: daemon.report,
      seconds: (performance.now() - startMs) / 1000,
    };
  } finally {
    await daemon.kill();
    await listener.close();
    await broker.close();
    rmSync(folder, { recursive: true });
  }
}

function ledgerOf(path: string): { made: string[]; kept: string[] } {
  // A kill can cut the last line short.
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  const idsOf = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  return { made: idsOf('made'), kept: idsOf('kept') };
}

function compare(
  { made, kept }: { made: readonly string[]; kept: readonly string[] },
  { heard, order }: Listener,
): Omit<Result, 'naps' | 'daemonReport' | 'seconds'> {
  const completed = new Set(kept);
  const lost = kept.filter((id) => !heard.has(id));
  for (const id of lost.slice(0, 5)) process.stderr.write(`lost: ${id}\n`);
  const place = new Map(made.map((id, index) => [id, index]));
  let newest = -1;
  let outOfOrder = 0;
  for (const id of order) {
    const index = place.get(id) ?? -1;
    if (index < newest) outOfOrder++;
    newest = Math.max(newest, index);
  }
  let duplicates = 0;
  let different = 0;
  for (const { times, different: others } of heard.values()) {
    duplicates += times - 1;
    different += others;
  }
  return {
    made: made.length,
    completed: completed.size,
    lost: lost.length,
    duplicates,
    different,
    outOfOrder,
  };
}

function shuffled(brokerKills: number, daemonKills: number): ('broker' | 'daemon')[] {
  const victims = [...Array(brokerKills).fill('broker'), ...Array(daemonKills).fill('daemon')];
  for (let index = victims.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [victims[index], victims[other]] = [victims[other], victims[index]];
  }
  return victims;
}

/** mulberry32, so that a seed gives the same kills again. */
function random(): number {
  randomState = (randomState + 0x6d2b79f5) | 0;
  let t = Math.imul(randomState ^ (randomState >>> 15), 1 | randomState);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}

function whole(option: keyof typeof values, least: number): number {
  const value = Number(values[option]);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`--${option} ${values[option]}: must be a whole number from ${least}`);
  return value;
}

const half = (count: number, isFirst: boolean): number =>
  isFirst ? Math.ceil(count / 2) : Math.floor(count / 2);
// Else mosquitto drops, with an acknowledgement, what a subscriber that is away has more than 1,000 of.
const common = 'allow_anonymous true\nmax_queued_messages 100000';
const runs = [
  { name: 'mosquitto as it comes', settings: () => common },
  {
    name: 'mosquitto with autosave',
    settings: (folder: string) =>
      `${common}\nuser root\npersistence true\npersistence_location ${folder}/\nautosave_interval 1`,
  },
];
process.stdout.write(
  `descriptions made up, ${counts.rate} a second; no engine runs. Completed: kept by the outbox.\n`,
);
const table: Record<string, Record<string, number>> = {};
let isGood = true;
for (const [index, { name, settings }] of runs.entries()) {
  const brokerKills = half(counts.broker, index === 0);
  const daemonKills = half(counts.daemon, index === 0);
  const { daemonReport, seconds, ...result } = await run(settings, brokerKills, daemonKills);
  if (result.lost > 0 || result.different > 0) isGood = false;
  table[name] = { brokerKills, daemonKills, ...result, seconds: Math.round(seconds) };
  process.stdout.write(`${name}: the last daemon's own report: ${daemonReport}\n`);
}
console.table(table);
process.stdout.write(
  isGood
    ? 'no completed description was lost, and every duplicate is the same but for published_at\n'
    : 'NOT GOOD\n',
);
process.exitCode = isGood ? 0 : 1;
