import { setTimeout as sleep } from 'node:timers/promises';
import { ScenecastError } from '../../domain/errors.ts';
import { BrokerConnection, type BrokerConnectionOptions } from './broker-connection.ts';

const timeoutMs = 25_000;

/**
 * Logs in to a broker as the daemon does, under another client id, and leaves again; publishes nothing.
 * @returns what the broker cannot do, such as "broker does not support MQTT 5; using 3.1.1"
 * @throws ConfigError for files that cannot be read; ScenecastError with the reason if there is no connection
 */
export async function probeBroker(
  broker: Omit<BrokerConnectionOptions, 'clientId' | 'will' | 'publishTimeoutMs' | 'log' | 'onLink'>,
  signal: AbortSignal,
): Promise<string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const notes: string[] = [];
  const fail = (fields: object, message: string): void => {
    // What the connection adapts to is no failure.
    if ('reason' in fields) reject(new ScenecastError(String(fields.reason)));
    else notes.push(message);
  };
  const connection = new BrokerConnection({
    ...broker,
    clientId: `scenecast-doctor-${process.pid}`,
    will: null,
    publishTimeoutMs: timeoutMs,
    log: { debug() {}, info: fail, warn: fail, error: fail },
    onLink: () => resolve(),
  });
  const waited = new AbortController();
  const ends = AbortSignal.any([signal, waited.signal]);
  const late = sleep(timeoutMs, undefined, { signal: ends }).then(() => {
    throw new ScenecastError(`${connection.url} does not answer within ${timeoutMs / 1000} s`);
  });
  try {
    await connection.start();
    await Promise.race([promise, late]);
    return notes;
  } finally {
    waited.abort();
    late.catch(() => {});
    promise.catch(() => {});
    await connection.close(null);
  }
}
