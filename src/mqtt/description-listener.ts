import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { type DescriptionPayload, descriptionSchema } from '../contract/payloads.ts';
import { topicsOf } from '../contract/topics.ts';
import { codeOf, messageOf, ScenecastError } from '../domain/errors.ts';
import { type ConnectFilePaths, readConnectFiles } from './connection/connect-files.ts';
import { connectionFault } from './connection/connection-fault.ts';

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
const retryMs = 1000;

/**
 * The descriptions that a device publishes, as a subscriber receives them, retained ones first. Reconnects if the connection
 * is lost, and waits for a broker that is not running yet.
 * @throws ConfigError for files that cannot be read; ScenecastError if the broker refuses; the signal's reason.
 */
export async function* listenForDescriptions(options: ListenOptions): AsyncGenerator<DescriptionPayload> {
  const { signal, device } = options;
  const arrived: DescriptionPayload[] = [];
  let wake = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => wake.resolve(), { once: true });
  const client = await connectTo(options);
  client.on('message', (_topic, payload) => {
    const parsed = descriptionSchema.safeParse(parseJson(payload));
    if (!parsed.success) return;
    arrived.push(parsed.data);
    wake.resolve();
  });
  try {
    const [grant] = await client.subscribeAsync(topicsOf(device).description('+'), { qos: 1 });
    if (!grant || grant.qos >= 0x80)
      throw new ScenecastError(
        `the broker does not allow ${options.username ?? 'anonymous clients'} to read ${topicsOf(device).description('+')}; allow it in its access list`,
      );
    options.onListening();
    while (true) {
      signal.throwIfAborted();
      yield* arrived.splice(0);
      await wake.promise;
      wake = Promise.withResolvers();
      if (signal.aborted) wake.resolve();
    }
  } finally {
    await client.endAsync(true);
  }
}

/** Retries until a broker answers, or refuses. */
async function connectTo(options: ListenOptions): Promise<MqttClient> {
  const { url, username, signal } = options;
  const files = await readConnectFiles(options);
  let protocolVersion: 4 | 5 = 5;
  for (;;) {
    const settings: IClientOptions = {
      ...files,
      ...(username === null ? {} : { username }),
      protocolVersion,
      reconnectPeriod: retryMs,
      connectTimeout: 10_000,
      // Otherwise the environment (DEBUG) could enable logging of packets, which contain the password.
      log: () => {},
    };
    try {
      return await connectAsync(url, settings, false);
    } catch (error) {
      const code = codeOf(error);
      const fault = connectionFault(
        error instanceof Error ? error : new Error(messageOf(error)),
        url,
        username,
      );
      if (protocolVersion === 5 && (code === 1 || code === 0x84)) protocolVersion = 4;
      else if (refusals.includes(Number(code))) throw new ScenecastError(fault, { cause: error });
      else
        await sleep(retryMs, undefined, { signal }).catch(() => {
          throw new ScenecastError(fault, { cause: error });
        });
    }
  }
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch {
    return null;
  }
}
