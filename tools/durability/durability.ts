/**
 * Kills the broker and the daemon at random moments during publishing, and counts what a subscriber of the stream misses.
 *
 *   npm run test:durability -- [--broker-kills N] [--daemon-kills N] [--daemons N] [--rate N] [--seed N]
 *     [--part K/N] [--no-history]
 *
 * With --part, runs one of N parts that share the kills, for a machine that is free only for short periods.
 *
 * Two runs, each with half of the kills: mosquitto with its defaults (nothing on disk), and with persistence and autosave.
 * Several daemons, each a device with its own outbox, share the broker, so that the kills take less time. Each is killed
 * at its own random moments; a kill of the broker affects all of them, and counts once.
 * The subscriber has a persistent session and occasionally disconnects for up to half a second.
 * The descriptions are fake (no engine runs), 50 per second from each daemon; outbox, publisher, mosquitto and files are real.
 * A description is completed once the outbox has stored it. Exits with 1 if one was lost or arrived in two versions, or if
 * the history does not have each completed one exactly once.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Mosquitto } from '../test/mosquitto.ts';
import { seededRandom } from '../test/seeded-random.ts';
import { wholeOption } from '../test/whole-option.ts';
import { idsInHistory } from './ids-in-history.ts';
import { KilledDaemon } from './killed-daemon.ts';
import { Listener } from './listener.ts';

const { values } = parseArgs({
  options: {
    'broker-kills': { type: 'string', default: '10' },
    'daemon-kills': { type: 'string', default: '10' },
    daemons: { type: 'string', default: '4' },
    rate: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    part: { type: 'string', default: '1/1' },
    history: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const counts = {
  broker: wholeOption('broker-kills', values['broker-kills'], 0),
  daemon: wholeOption('daemon-kills', values['daemon-kills'], 0),
  daemons: wholeOption('daemons', values.daemons, 1),
  rate: wholeOption('rate', values.rate, 1),
};
const [part, parts] = partOf(values.part);
const seed = wholeOption('seed', values.seed, 0) * 1000 + part;

/** Time for a disconnected subscriber to come back. */
const settleMs = 1500;
const maxNapMs = 500;

interface Result {
  readonly made: number;
  readonly completed: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly different: number;
  readonly outOfOrder: number;
  /** Completed, but not in the history exactly once; null: none was kept. */
  readonly notInHistory: number | null;
  readonly faulty: number;
  readonly naps: number;
  readonly seconds: number;
}

type Victim = 'broker' | 'daemon';

async function run(
  settings: (folder: string) => string,
  brokerKills: number,
  daemonKills: number,
): Promise<Result> {
  const startMs = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-durability-'));
  const broker = await Mosquitto.start(settings);
  const listener = await Listener.start(broker.url);
  const randoms = Array.from({ length: counts.daemons + 1 }, (_, index) => seededRandom(seed * 100 + index));
  const daemons = Array.from(
    { length: counts.daemons },
    (_, index) =>
      new KilledDaemon({
        url: broker.url,
        device: `durability-${index}`,
        outboxPath: join(folder, `outbox-${index}.db`),
        historyFolder: values.history ? join(folder, `history-${index}`) : null,
        ledgerPath: join(folder, `ledger-${index}`),
        rate: counts.rate,
        settleMs,
        compileCache: join(folder, 'compiled'),
      }),
  );
  let brokerKill = Promise.resolve();
  /** One after another, in turn. */
  const killBroker = (pauseMs: number): Promise<void> => {
    brokerKill = brokerKill.then(async () => {
      await broker.down('SIGKILL');
      await sleep(pauseMs);
      await broker.up();
    });
    return brokerKill;
  };
  try {
    await Promise.all(daemons.map((daemon) => daemon.start(0)));
    listener.takeNaps(maxNapMs, randoms[counts.daemons]!);
    const kills = daemons.map(async (daemon, index) => {
      const random = randoms[index]!;
      const share = (count: number): number => Math.floor((count + index) / counts.daemons);
      for (const victim of shuffled(share(brokerKills), share(daemonKills), random)) {
        // Half of them during or after the delivery of pending entries; the others earlier, before the broker is trusted again.
        await sleep(random() < 0.5 ? settleMs + random() * 1500 : random() * settleMs);
        if (victim === 'broker') await killBroker(random() * 300);
        else {
          await daemon.kill();
          await daemon.start(ledgerOf(daemon.ledgerPath).made.length);
        }
      }
    });
    await Promise.all(kills);
    await sleep(settleMs);
    listener.wakeUp();
    await Promise.all(daemons.map((daemon) => daemon.finish()));
    await sleep(1000);
    for (const { report } of daemons) process.stdout.write(`final report of a daemon: ${report}\n`);
    return {
      ...compare(
        daemons.map(({ ledgerPath }) => ledgerOf(ledgerPath)),
        listener,
      ),
      notInHistory: values.history ? notInHistory(daemons) : null,
      faulty: listener.faulty,
      naps: listener.naps,
      seconds: Math.round((performance.now() - startMs) / 1000),
    };
  } finally {
    await Promise.all(daemons.map((daemon) => daemon.kill()));
    await listener.close();
    await broker.close();
    rmSync(folder, { recursive: true });
  }
}

interface Ledger {
  readonly made: readonly string[];
  readonly kept: readonly string[];
}

function ledgerOf(path: string): Ledger {
  // A kill can truncate the last line.
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  const idsOf = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  return { made: idsOf('made'), kept: idsOf('kept') };
}

function compare(
  ledgers: readonly Ledger[],
  { heard, order }: Listener,
): Omit<Result, 'notInHistory' | 'faulty' | 'naps' | 'seconds'> {
  const lost = ledgers.flatMap(({ kept }) => kept.filter((id) => !heard.has(id)));
  for (const id of lost.slice(0, 5)) process.stderr.write(`lost: ${id}\n`);
  let duplicates = 0;
  let different = 0;
  for (const { times, different: others } of heard.values()) {
    duplicates += times - 1;
    different += others;
  }
  const sum = (count: (ledger: Ledger) => number): number =>
    ledgers.map(count).reduce((total, one) => total + one, 0);
  return {
    made: sum(({ made }) => made.length),
    completed: sum(({ kept }) => new Set(kept).size),
    lost: lost.length,
    duplicates,
    different,
    outOfOrder: sum(({ made }) => outOfOrder(made, order)),
  };
}

/** How many completed descriptions a history does not have, or has more than once. */
function notInHistory(daemons: readonly KilledDaemon[]): number {
  return daemons.reduce((sum, { ledgerPath, historyFolder }) => {
    const times = new Map<string, number>();
    for (const id of idsInHistory(historyFolder!)) times.set(id, (times.get(id) ?? 0) + 1);
    const faulty = ledgerOf(ledgerPath).kept.filter((id) => times.get(id) !== 1);
    for (const id of faulty.slice(0, 5))
      process.stderr.write(`${times.get(id) ?? 0} times in the history: ${id}\n`);
    return sum + faulty.length;
  }, 0);
}

/** How many of a daemon's descriptions were first received after a later one. */
function outOfOrder(made: readonly string[], order: readonly string[]): number {
  const place = new Map(made.map((id, index) => [id, index]));
  let newest = -1;
  let count = 0;
  for (const id of order) {
    const index = place.get(id);
    if (index === undefined) continue;
    if (index < newest) count++;
    newest = Math.max(newest, index);
  }
  return count;
}

function shuffled(brokerKills: number, daemonKills: number, random: () => number): Victim[] {
  const victims: Victim[] = [...Array(brokerKills).fill('broker'), ...Array(daemonKills).fill('daemon')];
  for (let index = victims.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [victims[index], victims[other]] = [victims[other]!, victims[index]!];
  }
  return victims;
}

function partOf(text: string): [part: number, parts: number] {
  const [part = 0, parts = 0] = text.split('/').map(Number);
  if (!Number.isInteger(part) || !Number.isInteger(parts) || part < 1 || part > parts)
    throw new Error(`--part ${text}: must be like 1/4`);
  return [part, parts];
}

/** Of this part, for one of the two runs. */
const half = (count: number, isFirst: boolean): number => {
  const ofPart = Math.floor((count + part - 1) / parts);
  return isFirst ? Math.ceil(ofPart / 2) : Math.floor(ofPart / 2);
};
// By default mosquitto acknowledges but drops messages for an absent subscriber beyond 1,000.
const common = 'allow_anonymous true\nmax_queued_messages 100000';
const runs = [
  { name: 'mosquitto with defaults', settings: () => common },
  {
    name: 'mosquitto with autosave',
    settings: (folder: string) =>
      `${common}\nuser root\npersistence true\npersistence_location ${folder}/\nautosave_interval 1`,
  },
];
process.stdout.write(
  `fake descriptions, ${counts.rate} per second from each of ${counts.daemons} daemons; no engine runs. Completed: stored in the outbox.\n`,
);
const table: Record<string, Record<string, number | null>> = {};
let isGood = true;
for (const [index, { name, settings }] of runs.entries()) {
  const brokerKills = half(counts.broker, index === 0);
  const daemonKills = half(counts.daemon, index === 0);
  process.stdout.write(`${name}:\n`);
  const result = await run(settings, brokerKills, daemonKills);
  const { lost, different, faulty, notInHistory } = result;
  if (lost + different + faulty + (notInHistory ?? 0) > 0) isGood = false;
  table[name] = { brokerKills, daemonKills, ...result };
  process.stdout.write(`${JSON.stringify(table[name])}\n`);
}
console.table(table);
process.stdout.write(
  isGood
    ? 'no completed description was lost, and every duplicate is the same but for published_at and late\n'
    : 'NOT GOOD\n',
);
process.exitCode = isGood ? 0 : 1;
