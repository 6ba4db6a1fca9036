import { unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/schema.ts';
import { messageOf } from '../domain/errors.ts';
import { stateFolderOf } from '../domain/state-folder.ts';
import type { MqttPublisher } from '../mqtt/publishing/publisher.ts';
import type { Log } from '../pipeline/ports.ts';
import { DeviceOnlineError, type ForgetPorts, forgetDevice } from '../setup/forget-device.ts';
import { formerDevices, topicsFile } from '../store/topics-file.ts';

/**
 * Clears what the broker retains under the names that this config's device had before. A name that cannot be cleared now is
 * tried again at the next start; one that is online has become another board's, and is left alone from now on.
 */
export async function forgetFormerDevices(
  { device, store, mqtt }: Config,
  configPath: string,
  publisher: Pick<MqttPublisher, 'subscribe' | 'send'>,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  const folder = stateFolderOf(store.folder, dirname(configPath), process.env);
  const ports: ForgetPorts = {
    subscribe: (filter, onRetained) =>
      publisher.subscribe(
        filter,
        ({ topic, payload, retained }) => {
          if (retained) onRetained({ topic, payload: payload.toString() });
        },
        signal,
      ),
    clear: (topic) => publisher.send({ topic, payload: '', qos: 1, retain: true }),
    sleep: (ms) => sleep(ms, undefined, { signal }),
  };
  for (const former of await formerDevices(folder, device, configPath)) {
    try {
      const topics = await forgetDevice(former, mqtt.discovery.prefix, false, ports);
      log.info({ former, topics: topics.length }, 'former name of this device cleared at the broker');
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ former, reason: messageOf(error) }, 'former name of this device not cleared at the broker');
      if (!(error instanceof DeviceOnlineError)) continue;
    }
    await unlink(topicsFile(folder, former)).catch(() => {});
  }
}
