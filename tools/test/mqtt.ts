import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type MqttOptions, MqttPublisher } from '../../src/mqtt/publishing/publisher.ts';
import { Outbox } from '../../src/store/outbox.ts';
import type { OutboxBounds } from '../../src/store/outbox-protocol.ts';
import { openBroker } from '../../tools/test/broker-address.ts';
import { Mosquitto } from '../../tools/test/mosquitto.ts';
import { LogLines } from './log-lines.ts';
import { Subscriber } from './subscriber.ts';

/** A real mosquitto, stopped when the test ends. */
export async function startBroker(...settings: Parameters<typeof Mosquitto.start>): Promise<Mosquitto> {
  const broker = await Mosquitto.start(...settings);
  onTestFinished(() => broker.close());
  return broker;
}

export async function subscribe(...args: Parameters<typeof Subscriber.start>): Promise<Subscriber> {
  const subscriber = await Subscriber.start(...args);
  onTestFinished(() => subscriber.close());
  return subscriber;
}

/** A folder that is removed when the test ends. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-mqtt-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Publishing {
  readonly publisher: MqttPublisher;
  readonly outbox: Outbox;
  readonly log: LogLines;
  close(): Promise<void>;
}

type Extra = Partial<MqttOptions> & { readonly path?: string; readonly bounds?: Partial<OutboxBounds> };

/** The publisher of device `test`, with an outbox; started, with short waits, and closed when the test ends. */
export async function startPublisher(
  url: string,
  { path, bounds, ...extra }: Extra = {},
): Promise<Publishing> {
  const log = new LogLines();
  const outbox = new Outbox({
    path: path ?? join(scratchFolder(), 'outbox.db'),
    bounds: { maxEntries: 10_000, maxBytes: 64 << 20, maxAgeMs: 1e9, replayMs: 1e9, ...bounds },
    log,
  });
  const publisher = new MqttPublisher({
    ...openBroker(url),
    device: 'test',
    outbox,
    log,
    settleMs: 1000,
    reconnect: { firstMs: 100, maxMs: 400, stableMs: 1000 },
    ...extra,
  });
  const close = async (): Promise<void> => {
    await publisher.close();
    await outbox.close();
  };
  onTestFinished(close);
  await outbox.open();
  await publisher.start();
  return { publisher, outbox, log, close };
}
