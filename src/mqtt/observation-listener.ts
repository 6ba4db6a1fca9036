import { randomUUID } from 'node:crypto';
import { type ObservationPayload, observationSchema } from '../contract/payloads.ts';
import { topicsOf } from '../contract/topics.ts';
import { codeOf, messageOf, ScenecastError } from '../domain/errors.ts';
import type { Log } from '../pipeline/ports.ts';
import { BrokerConnection } from './connection/broker-connection.ts';
import type { BrokerLink } from './connection/broker-link.ts';
import type { ConnectFilePaths } from './connection/connect-files.ts';
import { isRefusal } from './connection/connection-fault.ts';
import { parseJson } from './parse-json.ts';

export interface ListenOptions extends ConnectFilePaths {
  readonly url: string;
  readonly username: string | null;
  readonly device: string;
  /** Ends listening; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Called once the broker has accepted the subscription. */
  onListening(): void;
}

const reconnect = { firstMs: 1000, maxMs: 1000, stableMs: 1000 };
/** What it would log is thrown. */
const noLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * The observations of a device, as a subscriber receives them: what each camera's state shows, then the stream. Reconnects if
 * the connection is lost, and waits for a broker that is not running yet.
 * @throws ConfigError for files that cannot be read; ScenecastError if the broker refuses, or why there is no connection
 *   when the signal aborts; else the signal's reason.
 */
export async function* listenForObservations(options: ListenOptions): AsyncGenerator<ObservationPayload> {
  const { signal, device, username } = options;
  const topics = [topicsOf(device).observation('+'), topicsOf(device).description('+')];
  const arrived: ObservationPayload[] = [];
  /** By camera, the id that arrived last: the newest is on both topics. */
  const last = new Map<string, string>();
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
    link.listen((topic, payload, { retain }) => {
      // Later states are on the stream too.
      if (topic.endsWith('/description') && !retain) return;
      const { data } = observationSchema.safeParse(parseJson(payload));
      if (!data || last.get(data.camera) === data.id) return;
      last.set(data.camera, data.id);
      arrived.push(data);
      wake.resolve();
    });
    link.subscribe(topics, 1).then(options.onListening, (cause: unknown) => {
      if (link.ended.aborted) return;
      const remedy = `allow ${username ?? 'anonymous clients'} to read them in the broker's access list`;
      fail(
        `${topics.join(', ')}: the broker refuses the subscription: ${messageOf(cause)}; ${remedy}`,
        cause,
        true,
      );
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
    onFault: (reason, error) => fail(reason, error, isRefusal(codeOf(error))),
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
