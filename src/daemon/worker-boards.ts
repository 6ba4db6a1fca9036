import type { Config } from '../config/schema.ts';
import { defaultPrompt } from '../domain/default-prompt.ts';
import { promptIn } from '../domain/language.ts';
import { PoolDescriber } from '../mqtt/pool/describer.ts';
import { PoolWorker } from '../mqtt/pool/worker.ts';
import type { Describer, Log } from '../pipeline/ports.ts';
import { brokerOf } from '../setup/broker.ts';

/** Describes the images of a pool; null: the config names none. */
export function createPoolWorker(
  config: Config,
  folder: string,
  describer: Describer,
  log: Log,
): PoolWorker | null {
  const { device, mqtt, prompts, language, work } = config;
  if (work.pool === null) return null;
  return new PoolWorker({
    broker: brokerOf(mqtt, folder),
    pool: work.pool,
    device,
    describer,
    prompt: promptIn(language, prompts['default'] ?? Object.values(prompts)[0] ?? defaultPrompt),
    maxInFlight: work.max_in_flight,
    maxImageBytes: work.max_image,
    log,
  });
}

/** Sends this board's frames to a pool; `own` is the board's own engine, if it has one. */
export function createPoolDescriber(
  config: Config,
  folder: string,
  own: Describer | null,
  log: Log,
): PoolDescriber {
  const { pool, concurrency, deadline, fallback } = config.work.sending;
  return new PoolDescriber({
    broker: brokerOf(config.mqtt, folder),
    device: config.device,
    pool,
    concurrency,
    deadlineMs: deadline,
    fallback: fallback === 'own' ? own : null,
    log,
  });
}
