import { setTimeout as sleep } from 'node:timers/promises';
import { ScenecastError } from '../../domain/errors.ts';
import { BrokerConnection, type BrokerConnectionOptions } from './broker-connection.ts';
import type { BrokerLink } from './broker-link.ts';

const timeoutMs = 25_000;

/** A connection of a command, under a client id of its own. */
export interface OneConnection {
  readonly link: BrokerLink;
  /** What the broker cannot do, such as "broker does not support MQTT 5; using 3.1.1". */
  readonly notes: readonly string[];
  close(): Promise<void>;
}

/**
 * Logs in to a broker as the daemon does.
 * @param name of the command, for the client id
 * @throws ConfigError for files that cannot be read; ScenecastError with the reason if there is no connection
 */
export async function connectOnce(
  broker: Omit<BrokerConnectionOptions, 'clientId' | 'will' | 'publishTimeoutMs' | 'log' | 'onLink'>,
  name: string,
  signal: AbortSignal,
): Promise<OneConnection> {
  const { promise, resolve, reject } = Promise.withResolvers<BrokerLink>();
  const notes: string[] = [];
  const fail = (fields: object, message: string): void => {
    // What the connection adapts to is no failure.
    if ('reason' in fields) reject(new ScenecastError(String(fields.reason)));
    else notes.push(message);
  };
  const connection = new BrokerConnection({
    ...broker,
    clientId: `scenecast-${name}-${process.pid}`,
    will: null,
    publishTimeoutMs: timeoutMs,
    log: { debug() {}, info: fail, warn: fail, error: fail },
    onLink: resolve,
  });
  const waited = new AbortController();
  const ends = AbortSignal.any([signal, waited.signal]);
  const late = sleep(timeoutMs, undefined, { signal: ends }).then(() => {
    throw new ScenecastError(`${connection.url} does not answer within ${timeoutMs / 1000} s`);
  });
  try {
    await connection.start();
    const link = await Promise.race([promise, late]);
    return { link, notes, close: () => connection.close(null) };
  } catch (error) {
    await connection.close(null);
    throw error;
  } finally {
    waited.abort();
    late.catch(() => {});
    promise.catch(() => {});
  }
}
