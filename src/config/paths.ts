import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Scenecast's own folder, which contains the demo model. */
const installation = join(import.meta.dirname, '../..');

/** Resolves a path of the config. Relative ones are looked up in `folder` (the config file's), then in Scenecast's. */
export function lookUp(path: string, folder: string): string {
  const candidates = [resolve(folder, path), resolve(installation, path)];
  return candidates.find((candidate) => existsSync(candidate)) ?? candidates[0]!;
}
