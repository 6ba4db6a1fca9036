import { existsSync } from 'node:fs';
import { lookUp } from '../config/paths.ts';
import type { ModelConfig } from '../config/schema.ts';
import { ConfigError } from '../domain/errors.ts';
import { loadCatalogue } from '../models/catalogue.ts';
import { modelNamePattern } from '../models/hub-address.ts';
import { defaultModelsFolder, modelFolder } from '../models/installed/installed.ts';
import { locateModel, type ModelFiles } from '../models/installed/locate.ts';
import { requireState } from '../system/state-access.ts';

/** The files of a config's model. @throws ConfigError if they are missing */
export function modelFilesOf(model: ModelConfig, folder: string): Promise<ModelFiles> {
  return locateModel(modelFolderOf(model.path, folder));
}

/**
 * The folder of a config's `model.path`: a path, or the name of a pulled model.
 * @throws ConfigError for a catalogue model that is not pulled yet.
 */
function modelFolderOf(path: string, folder: string): string {
  const found = lookUp(path, folder);
  if (existsSync(found) || !modelNamePattern.test(path)) return found;
  requireState('read');
  const pulled = modelFolder(defaultModelsFolder(process.env), path);
  if (existsSync(pulled)) return pulled;
  if (!loadCatalogue().some(({ name }) => name === path)) return found;
  throw new ConfigError(
    `model.path ${path}: this catalogue model is not downloaded; run scenecast models pull ${path}`,
  );
}
