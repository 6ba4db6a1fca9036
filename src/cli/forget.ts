import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { loadConfig } from '../config/load.ts';
import { namePattern } from '../contract/fields.ts';
import { connectOnce } from '../mqtt/connection/connect-once.ts';
import { matchesFilter } from '../mqtt/connection/matches-filter.ts';
import { brokerOf } from '../setup/broker.ts';
import { type ForgetPorts, forgetDevice } from '../setup/forget-device.ts';
import { serviceConfig } from './service-config.ts';

interface Flags {
  readonly config: string;
  readonly force?: true;
  readonly json?: true;
}

/** `scenecast forget DEVICE`: removes a device from the broker and from Home Assistant. */
export function forgetCommand(signal: AbortSignal): Command {
  return new Command('forget')
    .description('remove a device that is gone from the broker and from Home Assistant')
    .argument('<device>', 'name of the device, as in its topics', parseDevice)
    .option('-c, --config <file>', 'YAML config file with the broker', serviceConfig)
    .option('--force', 'even if the broker has it as online')
    .option('--json', 'print the topics that were cleared as JSON')
    .exitOverride()
    .action((device: string, flags: Flags) => forget(device, flags, signal));
}

async function forget(device: string, { config, force, json }: Flags, signal: AbortSignal): Promise<void> {
  const path = resolve(config);
  const { mqtt } = await loadConfig(path);
  const { link, close } = await connectOnce(brokerOf(mqtt, dirname(path)), 'forget', signal);
  const ports: ForgetPorts = {
    subscribe: async (filter, onRetained) => {
      const end = link.listen((topic, payload, { retain }) => {
        if (retain && matchesFilter(filter, topic)) onRetained({ topic, payload: payload.toString() });
      });
      await link.subscribe([filter], 1);
      return end;
    },
    clear: (topic) => link.publish({ topic, payload: '', qos: 1, retain: true }),
    sleep: (ms) => sleep(ms, undefined, { signal }),
  };
  try {
    const topics = await forgetDevice(device, mqtt.discovery.prefix, force === true, ports);
    const said = topics.length === 0 ? 'nothing to clear' : `cleared ${topics.length} topics`;
    process.stdout.write(json ? `${JSON.stringify(topics)}\n` : `${device}: ${said}\n`);
  } finally {
    await close();
  }
}

function parseDevice(text: string): string {
  if (!namePattern.test(text)) throw new InvalidArgumentError('It must be the name of a device.');
  return text;
}
