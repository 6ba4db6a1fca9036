import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { stateFolderOf } from '../domain/state-folder.ts';
import type { HistoryBounds } from '../store/history/history-folder.ts';

/** The folder of a device's history. Relative paths of the config are looked up in `folder`. */
export function historyFolderOf({ store, device }: Pick<Config, 'store' | 'device'>, folder: string): string {
  return join(stateFolderOf(store.folder, folder, process.env), `history-${device}`);
}

/** What is kept, and where; null: nothing. */
export function historyBoundsOf(config: Config, folder: string): HistoryBounds | null {
  if (config.history === null) return null;
  const { max_age, max_size } = config.history;
  return { folder: historyFolderOf(config, folder), maxAgeMs: max_age, maxBytes: max_size };
}
