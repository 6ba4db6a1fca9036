import { basename, isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../domain/errors.ts';
import { checkJson, readJson, readOptionalJson } from './json-file.ts';

/** A CLIP vision tower. */
export interface VisionConfig {
  readonly width: number;
  readonly feedForward: number;
  readonly blocks: number;
  readonly heads: number;
  /** Side of its input square, pixels. */
  readonly imageSize: number;
  /** Side of a patch, pixels. */
  readonly patchSize: number;
  readonly projectionWidth: number;
  readonly normEpsilon: number;
  readonly activation: 'quick_gelu' | 'gelu';
}

/** Subtracted from a picture's colours (0 to 1), and the divisor after that. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly standardDeviation: readonly number[];
}

const side = z
  .int()
  .min(1)
  .max(1 << 16);
const visionSchema = z.object({
  model_type: z
    .literal('clip_vision_model', 'only CLIP vision towers can be converted')
    .default('clip_vision_model'),
  hidden_size: side.default(768),
  intermediate_size: side.default(3072),
  num_hidden_layers: z.int().min(1).max(1024).default(12),
  num_attention_heads: side.default(12),
  image_size: side.default(224),
  patch_size: side.default(32),
  projection_dim: side.default(512),
  layer_norm_eps: z.number().positive().default(1e-5),
  hidden_act: z
    .enum(['quick_gelu', 'gelu'], 'only quick_gelu and gelu can be converted')
    .default('quick_gelu'),
});

/** Towers that original checkpoints refer to without their config. */
const knownTowers: Readonly<Record<string, unknown>> = {
  'clip-vit-large-patch14-336': large(336),
  'clip-vit-large-patch14': large(224),
};

function large(imageSize: number): unknown {
  return {
    hidden_size: 1024,
    intermediate_size: 4096,
    num_hidden_layers: 24,
    num_attention_heads: 16,
    image_size: imageSize,
    patch_size: 14,
    projection_dim: 768,
  };
}

/** @param path of the file that `value` is from, for messages. @throws ConfigError with the invalid field */
export function checkVisionConfig(path: string, value: unknown): VisionConfig {
  const config = checkJson(path, value, visionSchema);
  if (config.hidden_size % config.num_attention_heads !== 0)
    throw new ConfigError(
      `${path}: num_attention_heads is ${config.num_attention_heads}: must divide hidden_size ${config.hidden_size}`,
    );
  if (config.image_size % config.patch_size !== 0)
    throw new ConfigError(
      `${path}: patch_size is ${config.patch_size}: must divide image_size ${config.image_size}`,
    );
  return {
    width: config.hidden_size,
    feedForward: config.intermediate_size,
    blocks: config.num_hidden_layers,
    heads: config.num_attention_heads,
    imageSize: config.image_size,
    patchSize: config.patch_size,
    projectionWidth: config.projection_dim,
    normEpsilon: config.layer_norm_eps,
    activation: config.hidden_act,
  };
}

const nested = z.looseObject({ vision_config: z.looseObject({}).optional() });

/**
 * The tower of an original checkpoint: from its own folder's config.json, or a known one by name.
 * @param towerName mm_vision_tower: a repository's name, or a folder inside the checkpoint
 * @param towerFolder --vision-tower
 */
export async function towerConfig(
  checkpointFolder: string,
  towerName: string,
  towerFolder: string | null,
): Promise<VisionConfig> {
  const ofConfig = (path: string, config: z.infer<typeof nested>): VisionConfig =>
    checkVisionConfig(path, config.vision_config ?? config);
  if (towerFolder !== null) {
    const path = join(towerFolder, 'config.json');
    return ofConfig(path, await readJson(path, nested));
  }
  const inside = folderInside(checkpointFolder, towerName);
  const config = inside === null ? null : await readOptionalJson(join(inside, 'config.json'), nested);
  if (inside !== null && config !== null) return ofConfig(join(inside, 'config.json'), config);
  const known = knownTowers[basename(towerName)];
  if (known !== undefined) return checkVisionConfig(towerName, known);
  throw new ConfigError(
    `${join(checkpointFolder, 'config.json')}: mm_vision_tower is ${JSON.stringify(towerName)}, an unknown tower; ` +
      'download it and give its folder with --vision-tower',
  );
}

/** The folder of a tower inside the checkpoint's; null for a name that would lead out of it. */
export function folderInside(checkpointFolder: string, towerName: string): string | null {
  const isOutside = isAbsolute(towerName) || towerName.split('/').includes('..');
  return isOutside ? null : join(checkpointFolder, towerName);
}

const colours = z.array(z.number()).length(3);
const normalisationSchema = z.object({ image_mean: colours.optional(), image_std: colours.optional() });
const preprocessorSchema = normalisationSchema.extend({ image_processor: normalisationSchema.optional() });
const clipMean = [0.48145466, 0.4578275, 0.40821073];
const clipStandardDeviation = [0.26862954, 0.26130258, 0.27577711];

/** From the first folder with a preprocessor_config.json or processor_config.json; else CLIP's defaults. */
export async function readNormalisation(folders: readonly string[]): Promise<Normalisation> {
  for (const folder of folders) {
    for (const name of ['preprocessor_config.json', 'processor_config.json']) {
      const config = await readOptionalJson(join(folder, name), preprocessorSchema);
      const { image_mean: mean, image_std: standardDeviation } = config?.image_processor ?? config ?? {};
      if (mean && standardDeviation) return { mean, standardDeviation };
    }
  }
  return { mean: clipMean, standardDeviation: clipStandardDeviation };
}
