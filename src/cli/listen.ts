import { dirname, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { loadConfig } from '../config/load.ts';
import { duration } from '../config/units.ts';
import { ScenecastError } from '../domain/errors.ts';
import { listenForObservations } from '../mqtt/observation-listener.ts';
import { connectFilePathsOf } from '../setup/broker.ts';
import { flagParser } from './flag-parser.ts';
import { observationText } from './observation-text.ts';
import { serviceConfig } from './service-config.ts';

interface Flags {
  readonly config: string;
  readonly count?: number;
  readonly since?: Date;
  readonly timeout?: number;
  readonly json?: true;
}

/** `scenecast listen`: subscribes to the daemon's descriptions and prints them. */
export function listenCommand(signal: AbortSignal): Command {
  return new Command('listen')
    .description('print descriptions as they arrive from the broker')
    .option('-c, --config <file>', 'YAML config file of the daemon', serviceConfig)
    .option('--count <number>', 'exit after this many descriptions; 0: once subscribed', parseCount)
    .option('--since <time>', 'skip pictures captured before this time (UTC, ISO 8601)', parseTime)
    .option('--timeout <duration>', 'fail after this time, such as 10m', flagParser(duration))
    .option('--json', 'print whole messages as JSON, one per line')
    .exitOverride()
    .action((flags: Flags) => listen(flags, signal));
}

async function listen(flags: Flags, stopped: AbortSignal): Promise<void> {
  const { config: file, count = Infinity, since, timeout, json } = flags;
  const path = resolve(file);
  const { mqtt, device } = await loadConfig(path);
  const enough = new AbortController();
  const ends = [stopped, enough.signal, ...(timeout === undefined ? [] : [AbortSignal.timeout(timeout)])];
  const signal = AbortSignal.any(ends);
  const observations = listenForObservations({
    url: mqtt.url,
    username: mqtt.username,
    ...connectFilePathsOf(mqtt, dirname(path)),
    device,
    signal,
    onListening: () => {
      if (count === 0) enough.abort();
    },
  });
  let received = 0;
  try {
    for await (const observation of observations) {
      if (since && Date.parse(observation.captured_at) < since.getTime()) continue;
      process.stdout.write(json ? `${JSON.stringify(observation)}\n` : observationText(observation));
      received += 1;
      if (received >= count) return;
    }
  } catch (error) {
    if (stopped.aborted || enough.signal.aborted) return;
    if (!(error instanceof DOMException && error.name === 'TimeoutError')) throw error;
    throw new ScenecastError(
      `received ${received} of ${count} descriptions before the timeout; see the daemon's log`,
    );
  }
}

function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function parseTime(text: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime()))
    throw new InvalidArgumentError('It must be a time such as 2026-01-31T12:00:00Z.');
  return time;
}
