import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { stateFolderOf } from '../domain/state-folder.ts';
import { Aims } from '../pipeline/aims.ts';
import type { Log } from '../pipeline/ports.ts';
import { AimFile } from '../store/aim-file.ts';
import { configuredAim } from './cameras.ts';

/** Each camera's zones and sensitivity: the config's, with what was drawn in the window. */
export function createAims(config: Config, folder: string, log: Log): Aims {
  return new Aims({
    configured: Object.fromEntries(
      Object.entries(config.cameras).map(([name, camera]) => [name, configuredAim(camera)]),
    ),
    store: new AimFile(aimPathOf(config, folder)),
    log,
  });
}

export function aimPathOf({ device, store }: Config, folder: string): string {
  return join(stateFolderOf(store.folder, folder, process.env), `aim-${device}.json`);
}
