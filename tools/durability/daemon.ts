/**
 * The part of the daemon that must not lose anything, in a process to be killed: fake descriptions at a fixed rate, with
 * the real outbox and publisher. Started by durability.ts, with its settings as JSON.
 *
 * Writes `made ID` to the ledger before it publishes a description, and `kept ID` once the outbox has stored it.
 */
import { appendFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { MqttPublisher } from '../../src/mqtt/publishing/publisher.ts';
import { Outbox } from '../../src/store/outbox.ts';
import { openBroker } from '../test/broker-address.ts';
import { madeObservation } from './made-observation.ts';

export interface DaemonSettings {
  readonly url: string;
  readonly device: string;
  readonly outboxPath: string;
  /** null: none is kept. */
  readonly historyFolder: string | null;
  readonly ledgerPath: string;
  /** Descriptions per second. */
  readonly rate: number;
  readonly firstNumber: number;
  readonly settleMs: number;
}

const settings: DaemonSettings = JSON.parse(process.argv[2]!);
const logTo =
  (level: string) =>
  (fields: object, message: string): void =>
    void process.stderr.write(`${level} ${message} ${JSON.stringify(fields)}\n`);
const log = { debug: () => {}, info: logTo('info'), warn: logTo('warn'), error: logTo('error') };

/** An outbox that records each stored description in the ledger: from then on it counts as completed. */
class NotedOutbox extends Outbox {
  override async add(entry: Parameters<Outbox['add']>[0]): Promise<void> {
    await super.add(entry);
    appendFileSync(settings.ledgerPath, `kept ${entry.id}\n`);
  }
}

const { historyFolder } = settings;
const outbox = new NotedOutbox({
  path: settings.outboxPath,
  // A subscriber that is never away for more than a second has received what was delivered half a minute ago.
  bounds: { maxEntries: 1_000_000, maxBytes: 2 ** 30, maxAgeMs: 1e9, replayMs: 30_000 },
  history: historyFolder === null ? null : { folder: historyFolder, maxAgeMs: 1e10, maxBytes: 2 ** 30 },
  log,
});
const publisher = new MqttPublisher({
  ...openBroker(settings.url),
  device: settings.device,
  outbox,
  log,
  settleMs: settings.settleMs,
  reconnect: { firstMs: 50, maxMs: 200, stableMs: 1000 },
});

let stopping = false;
process.once('SIGTERM', () => {
  stopping = true;
});
const loopDelay = monitorEventLoopDelay({ resolution: 1 });
await outbox.open();
await publisher.start();
loopDelay.enable();
// Node itself writes it only at exit, which a kill skips.
flushCompileCache();
process.stdout.write('ready\n');
for (let number = settings.firstNumber, due = performance.now(); !stopping; number++) {
  const observation = madeObservation(number);
  appendFileSync(settings.ledgerPath, `made ${observation.frame.id}\n`);
  publisher.observation(observation);
  due += 1000 / settings.rate;
  await sleep(Math.max(0, due - performance.now()));
}
// Pending descriptions are delivered before exit, so that only losses are counted.
while (outbox.health.depth > 0) await sleep(50);
loopDelay.disable();
await publisher.close();
const { dropped, damaged } = outbox.health;
await outbox.close();
const delayMs = { p99: loopDelay.percentile(99) / 1e6, max: loopDelay.max / 1e6 };
process.stdout.write(`${JSON.stringify({ dropped, damaged, delayMs })}\n`);
