import { randomUUID } from 'node:crypto';
import { type DescriptionPayload, descriptionSchema } from '../contract/payloads.ts';
import { topicsOf } from '../contract/topics.ts';
import { codeOf, messageOf, ScenecastError } from '../domain/errors.ts';
import type { Log } from '../pipeline/ports.ts';
import { BrokerConnection } from './connection/broker-connection.ts';
import type { BrokerLink } from './connection/broker-link.ts';
import type { ConnectFilePaths } from './connection/connect-files.ts';

export interface ListenOptions extends ConnectFilePaths {
  readonly url: string;
  readonly username: string | null;
  readonly device: string;
  /** Ends listening; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Called once the broker has accepted the subscription. */
  onListening(): void;
}

/** CONNACK codes after which retrying cannot help. */
const refusals = [4, 5, 0x86, 0x87, 0x8a];
const reconnect = { firstMs: 1000, maxMs: 1000, stableMs: 1000 };
/** What it would log is thrown. */
const noLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * The descriptions that a device publishes, as a subscriber receives them, retained ones first. Reconnects if the connection
 * is lost, and waits for a broker that is not running yet.
 * @throws ConfigError for files that cannot be read; ScenecastError if the broker refuses, or why there is no connection
 *   when the signal aborts; else the signal's reason.
 */
export async function* listenForDescriptions(options: ListenOptions): AsyncGenerator<DescriptionPayload> {
  const { signal, device, username } = options;
  const topic = topicsOf(device).description('+');
  const arrived: DescriptionPayload[] = [];
  let wake = Promise.withResolvers<void>();
  let fault: ScenecastError | null = null;
  let isFinal = false;
  const fail = (message: string, cause: unknown, final: boolean): void => {
    fault = new ScenecastError(message, { cause });
    isFinal ||= final;
    wake.resolve();
  };
  const onLink = (link: BrokerLink): void => {
    fault = null;
    link.listen((_topic, payload) => {
      const parsed = descriptionSchema.safeParse(parseJson(payload));
      if (parsed.success) arrived.push(parsed.data);
      wake.resolve();
    });
    link.subscribe([topic], 1).then(options.onListening, (cause: unknown) => {
      if (link.ended.aborted) return;
      const remedy = `allow ${username ?? 'anonymous clients'} to read it in the broker's access list`;
      fail(`${topic}: the broker refuses the subscription: ${messageOf(cause)}; ${remedy}`, cause, true);
    });
  };
  const connection = new BrokerConnection({
    ...options,
    clientId: `scenecast-listen-${randomUUID().slice(0, 8)}`,
    keepaliveMs: 60_000,
    will: null,
    publishTimeoutMs: 10_000,
    connectTimeoutMs: 10_000,
    reconnect,
    log: noLog,
    onLink,
    onFault: (reason, error) => fail(reason, error, refusals.includes(Number(codeOf(error)))),
  });
  const onAbort = (): void => wake.resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await connection.start();
    for (;;) {
      if (fault && (isFinal || signal.aborted)) throw fault;
      signal.throwIfAborted();
      yield* arrived.splice(0);
      await wake.promise;
      wake = Promise.withResolvers();
      if (signal.aborted) wake.resolve();
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    await connection.close(null);
  }
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch {
    return null;
  }
}
