import type { Config } from '../config/schema.ts';
import { PoolDescriber } from '../mqtt/pool/describer.ts';
import { PoolWorker } from '../mqtt/pool/worker.ts';
import type { Describer, Log } from '../pipeline/ports.ts';
import { brokerOf } from '../setup/broker.ts';

// Worker boards, from the config: describing for a pool, and sending to one.

/** Whether this board needs a model: for its own frames, for others', or in place of a pool that is away. */
export function needsEngine({ engine, work }: Config): boolean {
  return engine === 'own' || work.pool !== null || work.sending.fallback === 'own';
}

/** Null: this board describes for no pool. */
export function poolWorkerOf(
  config: Config,
  folder: string,
  describer: Describer,
  log: Log,
): PoolWorker | null {
  const { device, mqtt, prompts, work } = config;
  if (work.pool === null) return null;
  return new PoolWorker({
    broker: brokerOf(mqtt, folder),
    pool: work.pool,
    device,
    describer,
    prompt: prompts['default'] ?? Object.values(prompts)[0] ?? 'Describe the scene.',
    maxInFlight: work.max_in_flight,
    maxImageBytes: work.max_image,
    log,
  });
}

/** `own` is the board's own engine, where it has one. */
export function poolDescriberOf(
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
