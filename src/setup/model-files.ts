import { existsSync } from 'node:fs';
import { lookUp } from '../config/paths.ts';
import type { ModelConfig } from '../config/schema.ts';
import { ConfigError } from '../domain/errors.ts';
import { loadCatalogue } from '../models/catalogue.ts';
import { modelNamePattern } from '../models/hub-address.ts';
import { defaultModelsFolder, modelFolder } from '../models/installed/installed.ts';
import { locateModel, type ModelFiles } from '../models/installed/locate.ts';
import { requireState } from '../system/state-access.ts';

/**
 * The files of a config's model.
 * @param key its section in the config
 * @throws ConfigError if they are missing
 */
export async function modelFilesOf(
  { path }: ModelConfig,
  folder: string,
  key = 'model',
): Promise<ModelFiles> {
  return locateModel(modelFolderOf(path, folder, key), key);
}

/**
 * The folder of a model's `path`: a path, or the name of a pulled model.
 * @throws ConfigError for a name of neither a folder nor a pulled model.
 */
function modelFolderOf(path: string, folder: string, key: string): string {
  const found = lookUp(path, folder);
  if (existsSync(found) || !modelNamePattern.test(path)) return found;
  requireState('read');
  const pulled = modelFolder(defaultModelsFolder(process.env), path);
  if (existsSync(pulled)) return pulled;
  const isKnown = loadCatalogue().some(({ name }) => name === path);
  const fault = isKnown
    ? `this catalogue model is not downloaded; run scenecast models pull ${path}`
    : `neither a folder nor a model that is known; see scenecast models list`;
  throw new ConfigError(`${key}.path ${path}: ${fault}`);
}
