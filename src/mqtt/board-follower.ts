import { randomUUID } from 'node:crypto';
import { codeOf, messageOf, ScenecastError } from '../domain/errors.ts';
import { type BoardMessage, boardFilters, boardMessageOf } from './board-messages.ts';
import { BrokerConnection } from './connection/broker-connection.ts';
import type { BrokerLink } from './connection/broker-link.ts';
import type { ConnectFilePaths } from './connection/connect-files.ts';
import { isRefusal } from './connection/connection-fault.ts';

export interface FollowOptions extends ConnectFilePaths {
  readonly url: string;
  readonly username: string | null;
  readonly keepaliveMs: number;
  /** In place of a file. */
  readonly password?: string | undefined;
  /** null: all boards of the broker. */
  readonly device: string | null;
  /** The connection stands from now on: the messages begin with what the broker retains. */
  onConnected(): void;
  /** There is no connection, for this reason; another attempt follows. */
  onLost(reason: string): void;
  onMessage(message: BoardMessage): void;
}

const timeoutMs = 10_000;
const reconnect = { firstMs: 1000, maxMs: 10_000, stableMs: 10_000 };

/**
 * Follows what boards publish of their state, until the signal aborts; reconnects if the connection is lost, and waits for a
 * broker that is not running yet.
 * @throws ConfigError for files that cannot be read; ScenecastError if the broker refuses the login or the subscription
 */
export async function followBoards(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { promise: refused, reject: refuse } = Promise.withResolvers<never>();
  const filters = Object.values(boardFilters(options.device));
  const lost = (fields: object): void => {
    // What the connection adapts to has no reason.
    if ('reason' in fields) options.onLost(String(fields.reason));
  };
  const onLink = (link: BrokerLink): void => {
    options.onConnected();
    link.listen((topic, payload) => {
      const message = boardMessageOf(topic, payload);
      if (message) options.onMessage(message);
    });
    link.subscribe(filters, 1).catch((cause: unknown) => {
      if (link.ended.aborted) return;
      const remedy = `allow ${options.username ?? 'anonymous clients'} to read the topics of the boards in the broker's access list`;
      const message = `${filters.join(', ')}: the broker refuses the subscription: ${messageOf(cause)}; ${remedy}`;
      refuse(new ScenecastError(message, { cause }));
    });
  };
  const connection = new BrokerConnection({
    ...options,
    clientId: `scenecast-watch-${randomUUID().slice(0, 8)}`,
    will: null,
    publishTimeoutMs: timeoutMs,
    connectTimeoutMs: timeoutMs,
    reconnect,
    log: { debug() {}, info() {}, warn: lost, error: lost },
    onLink,
    onFault: (reason, cause) => {
      if (isRefusal(codeOf(cause))) refuse(new ScenecastError(reason, { cause }));
    },
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => end(), { once: true });
  if (signal.aborted) end();
  try {
    await connection.start();
    await Promise.race([ended, refused]);
  } finally {
    refused.catch(() => {});
    await connection.close(null);
  }
}
