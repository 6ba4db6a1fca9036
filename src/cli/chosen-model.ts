import { dirname, resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import { type Config, modelSchema } from '../config/schema.ts';
import type { ModelFiles } from '../models/installed/locate.ts';
import { modelFilesOf } from '../setup/model-files.ts';

interface ModelFlags {
  readonly config?: string;
  readonly model?: string;
}

/** The config that the flags name, and the model that they choose; the demo model without flags. @throws ConfigError */
export async function chosenModel({
  config: configPath,
  model: path,
}: ModelFlags): Promise<{ config: Config | null; model: Config['model'] }> {
  const config = configPath === undefined ? null : await loadConfig(resolve(configPath));
  const model = config?.model ?? modelSchema.parse({});
  return { config, model: path === undefined ? model : { ...model, path } };
}

/** The chosen model's files; a flag's path is relative to the working directory, a config's to its folder. */
export function chosenFiles(
  model: Config['model'],
  { config, model: path }: ModelFlags,
): Promise<ModelFiles> {
  const folder = config !== undefined && path === undefined ? dirname(resolve(config)) : process.cwd();
  return modelFilesOf(model, folder);
}
