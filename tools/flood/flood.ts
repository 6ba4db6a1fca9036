/**
 * Floods a real daemon with commands, and checks that it keeps working.
 *
 *   npm run test:flood -- [--commands N] [--seconds N] [--rate N] [--seed N] [--settle SECONDS]
 *
 * `scenecast run` with the demo model and two cameras that show a drawn picture, on a real mosquitto. Two daemons in sequence:
 * 1. `commands` random and malformed ones, as fast as they are read (`mqtt.commands.rate: 1000`), so that every one is read;
 * 2. a flood of `rate` per second for `seconds`, at the default limits.
 * Each is warmed up with a few of the same, left alone until its memory has settled (`settle`: at most so long, default 120),
 * and killed with SIGKILL at the end.
 * Exits with 1 if the daemon exits by itself, its memory (RSS without the engine process; the minimum over some seconds, to
 * disregard garbage) has grown by 20 MB or more, descriptions stop, or `status` or the last will is wrong.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connectAsync, type MqttClient } from 'mqtt';
import { Mosquitto } from '../test/mosquitto.ts';
import { seededRandom } from '../test/seeded-random.ts';
import { until } from '../test/until.ts';
import { wholeOption } from '../test/whole-option.ts';
import { FloodedDaemon } from './flooded-daemon.ts';
import { RandomCommands } from './random-command.ts';
import { Watcher } from './watcher.ts';

const { values } = parseArgs({
  options: {
    commands: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '30' },
    rate: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    settle: { type: 'string', default: '120' },
  },
});
const commandCount = wholeOption('commands', values.commands, 1);
const floodSeconds = wholeOption('seconds', values.seconds, 1);
const floodRate = wholeOption('rate', values.rate, 1);
const seed = wholeOption('seed', values.seed, 1);
const settleSeconds = wholeOption('settle', values.settle, 1);

const device = 'flooded';
/** Fewer than the daemon would read, so that none is rate-limited. */
const readRate = 900;
const maxGrowthBytes = 20e6;
/** Minimum share of the usual description rate: engine, broker and flood share the machine. */
const minShare = 0.2;
/** A shorter run has too few descriptions to judge. */
const minJudgedSeconds = 10;
/** The camera without commands is due once per second; then, with two cameras, frame-queue lets 4 others pass it. */
const watchedEverySeconds = 1;
const ofWhichOneIsWatched = 5;

interface Result {
  readonly sent: number;
  readonly perSecond: number;
  readonly notRead: number;
  readonly responses: number;
  readonly rssBeforeMB: number;
  readonly rssPeakMB: number;
  readonly rssAfterMB: number;
  readonly describedPerMinuteBefore: number;
  readonly describedPerMinuteDuring: number;
  readonly ofTheOtherCamera: string;
  readonly faults: string;
}

async function flood(settings: object, rate: number, seconds: number, allowed: object): Promise<Result> {
  const broker = await Mosquitto.start('allow_anonymous true\nmax_queued_messages 100000');
  const watcher = await Watcher.start(broker.url, device);
  const sender = await connectAsync(broker.url, { protocolVersion: 5 });
  const daemon = await FloodedDaemon.start(broker.url, device, { ...settings, ...allowed });
  const commands = new RandomCommands(seededRandom(seed), device, ['poked']);
  const faults: string[] = [];
  const alive = (): boolean => daemon.end === null;
  try {
    await until(() => watcher.described >= 5 || !alive(), 120_000, 'the daemon describes nothing');
    const usual = await perMinute(watcher, Math.max(5, Math.min(20, seconds)));
    await send(sender, commands, rate, Math.max(1, Math.min(10, seconds / 3)), alive);
    await settle(daemon, alive);
    const rssBefore = await lowestRss(daemon, alive);
    const responsesBefore = watcher.responses;
    const notReadBefore = daemon.counts.get('rate_limited') ?? 0;
    let rssPeak = rssBefore;
    const sampler = setInterval(() => {
      if (alive()) rssPeak = Math.max(rssPeak, daemon.rssBytes);
    }, 250);
    const { described: describedBefore, watched: watchedBefore } = watcher;
    const start = performance.now();
    const sent = await send(sender, commands, rate, seconds, alive);
    const tookSeconds = (performance.now() - start) / 1000;
    const describedDuring = watcher.described - describedBefore;
    const watchedDuring = watcher.watched - watchedBefore;
    clearInterval(sampler);
    const rssAfter = await lowestRss(daemon, alive);
    if (!alive()) throw new Error(`the daemon has exited: ${daemon.end}`);
    const responses = watcher.responses - responsesBefore;
    if (rssAfter - rssBefore >= maxGrowthBytes) faults.push('memory has grown');
    // Rounded down: in the few seconds of a short run, none may be due.
    const isJudged = tookSeconds >= minJudgedSeconds;
    if (isJudged && describedDuring < Math.floor((usual / 60) * tookSeconds * minShare))
      faults.push('descriptions have ceased');
    const watchedTurnSeconds = watchedEverySeconds + (ofWhichOneIsWatched * tookSeconds) / describedDuring;
    const watchedDue = tookSeconds / watchedTurnSeconds;
    if (isJudged && watchedDuring < Math.floor(watchedDue) - 1)
      faults.push('the camera without commands was starved');
    if ((await retainedStatus(broker.url)) !== 'online') faults.push('its status is not retained as online');
    await daemon.kill();
    await until(() => JSON.parse(watcher.status).state === 'offline', 10_000, 'no last will').catch(() =>
      faults.push('the last will is not offline'),
    );
    if ((await retainedStatus(broker.url)) !== 'offline') faults.push('its last will is not retained');
    const notRead = (daemon.counts.get('rate_limited') ?? 0) - notReadBefore;
    const toMB = (bytes: number): number => Math.round(bytes / 1e5) / 10;
    return {
      sent,
      perSecond: Math.round(sent / tookSeconds),
      notRead,
      responses,
      rssBeforeMB: toMB(rssBefore),
      rssPeakMB: toMB(rssPeak),
      rssAfterMB: toMB(rssAfter),
      describedPerMinuteBefore: Math.round(usual),
      describedPerMinuteDuring: Math.round((describedDuring / tookSeconds) * 60),
      ofTheOtherCamera: `${watchedDuring} of ${describedDuring}`,
      faults: faults.join(', ') || 'none',
    };
  } finally {
    await daemon.kill();
    daemon.clear();
    await Promise.all([sender.endAsync(true), watcher.client.endAsync(true)]);
    await broker.close();
  }
}

/** @returns how many were sent; fewer than wanted if broker and daemon do not keep up. */
async function send(
  client: MqttClient,
  commands: RandomCommands,
  rate: number,
  seconds: number,
  goOn: () => boolean,
): Promise<number> {
  const start = performance.now();
  let sent = 0;
  for (;;) {
    const elapsed = (performance.now() - start) / 1000;
    if (elapsed >= seconds || !goOn()) return sent;
    for (const due = elapsed * rate; sent < due && !client.stream.writableNeedDrain; sent++) {
      const { topic, payload, options } = commands.next();
      client.publish(topic, payload, options);
    }
    if (client.stream.writableNeedDrain) await Promise.race([once(client.stream, 'drain'), sleep(100)]);
    else await sleep(1);
  }
}

/** Waits until memory has not reached a new peak for 15 s: a daemon grows for a minute or more after its start. */
async function settle(daemon: FloodedDaemon, goOn: () => boolean): Promise<void> {
  let highest = 0;
  for (let quiet = 0, second = 0; quiet < 15 && second < settleSeconds && goOn(); second++) {
    const isHigher = daemon.rssBytes > highest + 1e6;
    if (isHigher) highest = daemon.rssBytes;
    quiet = isHigher ? 0 : quiet + 1;
    await sleep(1000);
  }
}

/** Meanwhile the queue is processed, and garbage collected. */
async function lowestRss(daemon: FloodedDaemon, goOn: () => boolean): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY;
  for (let second = 0; second < Math.min(40, settleSeconds) && goOn(); second++) {
    lowest = Math.min(lowest, daemon.rssBytes);
    await sleep(1000);
  }
  return lowest;
}

async function perMinute(watcher: Watcher, seconds: number): Promise<number> {
  const before = watcher.described;
  await sleep(seconds * 1000);
  return ((watcher.described - before) / seconds) * 60;
}

/** The retained status that a new subscriber receives. */
async function retainedStatus(url: string): Promise<string> {
  const client = await connectAsync(url, { protocolVersion: 5 });
  let state = '';
  client.on('message', (_topic, payload, { retain }) => {
    if (retain) state = JSON.parse(payload.toString()).state;
  });
  await client.subscribeAsync(`scenecast/${device}/status`);
  await until(() => state !== '', 5000, 'no status is retained').catch(() => {});
  await client.endAsync(true);
  return state;
}

// Restarts of the engine are excluded, or nothing would be described.
const allowed = { ask: true, restart: false };
const table = {
  'random and malformed, all read': await flood(
    { rate: 1000, burst: 1000 },
    readRate,
    commandCount / readRate,
    allowed,
  ),
  'flood, usual limits': await flood({}, floodRate, floodSeconds, allowed),
};
for (const [name, result] of Object.entries(table)) {
  process.stdout.write(`${name}\n`);
  for (const [what, value] of Object.entries(result)) process.stdout.write(`  ${what.padEnd(26)}${value}\n`);
}
const isGood = Object.values(table).every(({ faults }) => faults === 'none');
process.stdout.write(isGood ? 'it does not mind\n' : 'NOT GOOD\n');
process.exitCode = isGood ? 0 : 1;
