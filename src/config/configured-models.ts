import { type ModelRole, modelRoles } from '../domain/model-role.ts';
import type { Config, ModelConfig } from './schema.ts';

export interface ConfiguredModel {
  /** null: it is the only one. */
  readonly role: ModelRole | null;
  /** The path of its section in the config, such as `models.quick`. */
  readonly key: string;
  readonly model: ModelConfig;
}

/** The models of a config, the quick one first. */
export function configuredModels({ model, models }: Config): ConfiguredModel[] {
  if (models === null) return [{ role: null, key: 'model', model }];
  return modelRoles.map((role) => ({ role, key: `models.${role}`, model: models[role] }));
}
