import { dirname, join, resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { ConfigError } from '../domain/errors.ts';
import { stateFolderOf } from '../domain/state-folder.ts';
import { requireState } from '../system/state-access.ts';

/** Where the daemon of a config collects pictures, in a folder for each camera, with the labels of all of them. */
export function collectedFolderOf(
  { store, device }: Pick<Config, 'store' | 'device'>,
  folder: string,
): string {
  return join(stateFolderOf(store.folder, folder, process.env), `collected-${device}`);
}

/** Where `scenecast eval --keep` leaves what it measured for the daemon of a config. */
export function measuredPathOf({ store, device }: Pick<Config, 'store' | 'device'>, folder: string): string {
  return join(stateFolderOf(store.folder, folder, process.env), `measured-${device}.json`);
}

/**
 * The labelled set that a command names: a folder, or the one that the config's daemon collects.
 * @param need of the folder
 * @throws ConfigError if neither is given, or this user may not use the state folder
 */
export async function labelledFolder(
  folder: string | undefined,
  configPath: string | undefined,
  need: 'read' | 'write',
): Promise<{ folder: string; config: Config | null }> {
  const path = configPath === undefined ? null : resolve(configPath);
  const config = path === null ? null : await loadConfig(path);
  if (folder !== undefined) return { folder, config };
  if (!config || path === null)
    throw new ConfigError(
      'name a folder of pictures, or the config whose daemon collects some: --config FILE',
    );
  if (config.store.folder === null) requireState(need);
  return { folder: collectedFolderOf(config, dirname(path)), config };
}
