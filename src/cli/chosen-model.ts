import { dirname, resolve } from 'node:path';
import { type ConfiguredModel, configuredModels } from '../config/configured-models.ts';
import { loadConfig } from '../config/load.ts';
import { type Config, type ModelConfig, modelSchema } from '../config/schema.ts';
import type { ModelDetail } from '../domain/detail.ts';
import { ConfigError } from '../domain/errors.ts';
import { type ModelRole, modelRoles } from '../domain/model-role.ts';
import type { ModelFiles } from '../models/installed/locate.ts';
import { modelFilesOf } from '../setup/model-files.ts';

interface ModelFlags {
  readonly config?: string;
  readonly model?: string;
}

/**
 * The config that the flags name, and the models that they choose: the config's, of which `--model quick` names one, or the
 * one at a path; the demo model without flags.
 * @throws ConfigError
 */
export async function chosenModels({
  config: configPath,
  model: path,
}: ModelFlags): Promise<{ config: Config | null; models: readonly ConfiguredModel[] }> {
  const config = configPath === undefined ? null : await loadConfig(resolve(configPath));
  const models = config ? configuredModels(config) : [];
  const named = models.find(({ role }) => role !== null && role === path);
  if (named) return { config, models: [named] };
  if (path === undefined && models.length > 0) return { config, models };
  const model = config?.model ?? modelSchema.parse({});
  return {
    config,
    models: [{ role: null, key: 'model', model: path === undefined ? model : { ...model, path } }],
  };
}

/** Like {@link chosenModels}, for commands that run one. @throws ConfigError if the config has two and the flags name none */
export async function chosenModel(flags: ModelFlags): Promise<ConfiguredModel & { config: Config | null }> {
  const { config, models } = await chosenModels(flags);
  const [model, ...others] = models as [ConfiguredModel, ...ConfiguredModel[]];
  if (others.length === 0) return { config, ...model };
  throw new ConfigError(
    `the config has two models: choose one with --model ${modelRoles.join(' or --model ')}`,
  );
}

/** The model as it looks at pictures by the flags, where they are given. */
export function withPictureFlags(
  model: ModelConfig,
  { detail, imageTokens }: { readonly detail?: ModelDetail; readonly imageTokens?: number },
): ModelConfig {
  return {
    ...model,
    ...(detail !== undefined && { detail }),
    ...(imageTokens !== undefined && { image_tokens: imageTokens }),
  };
}

/** The chosen model's files; a flag's path is relative to the working directory, a config's to its folder. */
export function chosenFiles(
  { model, key }: Pick<ConfiguredModel, 'model' | 'key'>,
  { config, model: path }: ModelFlags,
): Promise<ModelFiles> {
  const isOfConfig = path === undefined || modelRoles.includes(path as ModelRole);
  const folder = config !== undefined && isOfConfig ? dirname(resolve(config)) : process.cwd();
  return modelFilesOf(model, folder, key);
}
