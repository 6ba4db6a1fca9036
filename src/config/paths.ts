import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Scenecast's own folder, where the demo model lives. */
const installation = join(import.meta.dirname, '../..');

/** A path of the config: relative ones are looked up in `folder` (the config file's), then beside Scenecast. */
export function lookUp(path: string, folder: string): string {
  const candidates = [resolve(folder, path), resolve(installation, path)];
  return candidates.find((candidate) => existsSync(candidate)) ?? candidates[0]!;
}
