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
import type { Labelling } from './labelling.ts';
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

/** What commands need of the daemon. */
export interface Powers {
  readonly pipeline: Pipeline;
  readonly settings: Pick<Settings, 'set'>;
  readonly labelling: Pick<Labelling, 'feedback'>;
  readonly watches: WatchCommands;
  /** null: another machine describes. */
  readonly own: OwnEngines | null;
  /** null: nothing would start it again. */
  readonly restartDaemon: (() => void) | null;
  readonly log: Log;
}

/** What commands do, over MQTT and from the window. */
export function commandHandlers(powers: Powers): CommandHandlers {
  const { pipeline, settings, labelling, watches, own, restartDaemon, log } = powers;
  return {
    request: pipeline.request.bind(pipeline),
    set: settings.set.bind(settings),
    feedback: labelling.feedback.bind(labelling),
    watch: watches.watch.bind(watches),
    unwatch: watches.unwatch.bind(watches),
    restart: async (what, signal) => {
      if (what === 'engine') {
        if (!own) throw new CommandError('failed', 'this board has no engine of its own');
        await Promise.all(own.engines.map(({ client }) => client.restart(signal)));
        return;
      }
      if (!restartDaemon)
        throw new CommandError('failed', 'systemd does not run this daemon, so nothing would start it again');
      log.info({}, 'restart requested');
      // Once the command is answered.
      setImmediate(restartDaemon);
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
  const { describe, ask, feedback, restart, watch, rate, burst, timeout } = mqtt.commands;
  return new Commands({
    ...handlers,
    device,
    cameras: Object.keys(cameras),
    allowed: { describe, ask, feedback, restart, watch, set: settableOf(mqtt.commands) },
    rate,
    burst,
    timeoutMs: timeout,
    subscribe: (topic, onMessage, signal) => publisher.subscribe(topic, onMessage, signal),
    send: (message) => publisher.send(message),
    log,
  });
}
