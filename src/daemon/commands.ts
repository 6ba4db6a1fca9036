import { join } from 'node:path';
import { settableOf } from '../config/commands-schema.ts';
import type { Config } from '../config/schema.ts';
import { settings } from '../contract/camera-config.ts';
import { CommandError } from '../domain/errors.ts';
import { stateFolderOf } from '../domain/state-folder.ts';
import { Commands } from '../mqtt/commands/commands.ts';
import type { MqttPublisher } from '../mqtt/publishing/publisher.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { CommandHandlers, Log, WatchCommands } from '../pipeline/ports.ts';
import { Settings } from '../pipeline/settings.ts';
import { SettingsFile } from '../store/settings-file.ts';
import type { OwnEngines } from './own-engine.ts';

/** Each camera's settings: the config's, with the overrides kept in the state folder. */
export function createSettings(
  { cameras, prompts, device, store, mqtt }: Config,
  folder: string,
  log: Log,
): Settings {
  return new Settings({
    configured: Object.fromEntries(
      Object.entries(cameras).map(([name, { interval, prompt }]) => [
        name,
        { paused: false, intervalMs: interval, prompt },
      ]),
    ),
    prompts: Object.keys(prompts),
    changeable: settableOf(mqtt.commands).map((setting) => settings[setting].field),
    store: new SettingsFile(settingsPathOf({ store, device }, folder), log),
    log,
  });
}

export function settingsPathOf({ store, device }: Pick<Config, 'store' | 'device'>, folder: string): string {
  return join(stateFolderOf(store.folder, folder, process.env), `settings-${device}.json`);
}

/** What commands do, over MQTT and from the window. */
export function commandHandlers(
  pipeline: Pick<Pipeline, 'request'>,
  settings: Pick<Settings, 'set'>,
  watches: WatchCommands,
  own: OwnEngines | null,
  restartDaemon: () => void,
): CommandHandlers {
  return {
    request: pipeline.request.bind(pipeline),
    set: settings.set.bind(settings),
    watch: watches.watch.bind(watches),
    unwatch: watches.unwatch.bind(watches),
    restart: async (what, signal) => {
      if (what === 'daemon') return restartDaemon();
      if (!own) throw new CommandError('failed', 'this board has no engine of its own');
      await Promise.all(own.engines.map(({ client }) => client.restart(signal)));
    },
  };
}

/** The commands that the config allows. */
export function createCommands(
  { device, cameras, mqtt }: Config,
  handlers: CommandHandlers,
  publisher: MqttPublisher,
  log: Log,
): Commands {
  const { describe, ask, restart, watch, rate, burst, timeout } = mqtt.commands;
  return new Commands({
    ...handlers,
    device,
    cameras: Object.keys(cameras),
    allowed: { describe, ask, restart, watch, set: settableOf(mqtt.commands) },
    rate,
    burst,
    timeoutMs: timeout,
    subscribe: (topic, onMessage, signal) => publisher.subscribe(topic, onMessage, signal),
    send: (message) => publisher.send(message),
    log,
  });
}
