import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../domain/errors.ts';
import { checkJson, readJson } from './json-file.ts';
import { readTextConfig, type TextConfig, type TextModelType } from './text-config.ts';
import {
  checkVisionConfig,
  folderInside,
  type Normalisation,
  readNormalisation,
  towerConfig,
  type VisionConfig,
} from './vision-config.ts';

/** How pictures are cut into tiles and assembled; a field is set only if the checkpoint has it. */
export interface Packing {
  /** [width, height] of the canvases, in the order of the checkpoint. Empty before LLaVA-1.6. */
  readonly gridPinpoints: readonly (readonly [number, number])[];
  readonly aspectRatio?: string | undefined;
  readonly mergeType?: string | undefined;
  readonly cropResolution?: number | undefined;
  readonly splitResolution?: number | undefined;
}

export interface LlavaConfig {
  readonly layout: 'original' | 'hf';
  readonly text: TextConfig;
  readonly vision: VisionConfig;
  readonly normalisation: Normalisation;
  /** Hidden states to project; n is the output of the n-th block, counted from 1. */
  readonly featureLayers: readonly number[];
  readonly packing: Packing;
  /** An original checkpoint's name of its vision tower; null in the -hf layout, which includes the tower. */
  readonly towerName: string | null;
}

const pinpoints = z.array(z.tuple([z.int().positive(), z.int().positive()]));
const layers = z.union([z.int(), z.array(z.int()).min(1)]).default(-2);
const refused =
  'only LLaVA 1.5 and 1.6 (LlavaLlama-, LlavaMistralForCausalLM, Llava-, LlavaNextForConditionalGeneration) can be converted';
const kindSchema = z.looseObject({
  architectures: z.tuple(
    [
      z.enum(
        [
          'LlavaLlamaForCausalLM',
          'LlavaMistralForCausalLM',
          'LlavaForConditionalGeneration',
          'LlavaNextForConditionalGeneration',
        ],
        refused,
      ),
    ],
    refused,
  ),
  quantization_config: z.null('the checkpoint is quantised already; use the unquantised one').optional(),
});
const originalSchema = z.object({
  mm_vision_tower: z.string(),
  mm_projector_type: z.literal('mlp2x_gelu', 'only mlp2x_gelu can be converted'),
  mm_vision_select_layer: layers,
  mm_vision_select_feature: z.literal('patch', 'only patch can be converted').default('patch'),
  image_aspect_ratio: z.string().optional(),
  image_grid_pinpoints: z.unknown().optional(),
  image_crop_resolution: z.int().positive().optional(),
  image_split_resolution: z.int().positive().optional(),
  mm_patch_merge_type: z.string().optional(),
});
const hfSchema = z.object({
  text_config: z.looseObject({
    model_type: z.enum(['llama', 'mistral'], 'only llama and mistral can be converted').default('llama'),
  }),
  vision_config: z.looseObject({}),
  projector_hidden_act: z.literal('gelu', 'only gelu can be converted').default('gelu'),
  vision_feature_layer: layers,
  vision_feature_select_strategy: z.literal('default', 'only default can be converted').default('default'),
  image_grid_pinpoints: z.unknown().optional(),
});

/**
 * Reads a checkpoint's config.json in either layout.
 * @param towerFolder --vision-tower, or null
 * @throws ConfigError with the file, the field and its value if the checkpoint cannot be converted
 */
export async function readLlavaConfig(folder: string, towerFolder: string | null): Promise<LlavaConfig> {
  const path = join(folder, 'config.json');
  const config = await readJson(path, kindSchema);
  const [architecture] = config.architectures;
  return architecture.endsWith('ForConditionalGeneration')
    ? readHf(folder, path, config, architecture.includes('Next'))
    : readOriginal(folder, path, config, architecture.includes('Mistral') ? 'mistral' : 'llama', towerFolder);
}

async function readOriginal(
  folder: string,
  path: string,
  config: unknown,
  type: TextModelType,
  towerFolder: string | null,
): Promise<LlavaConfig> {
  const llava = checkJson(path, config, originalSchema);
  const vision = await towerConfig(folder, llava.mm_vision_tower, towerFolder);
  const inside = folderInside(folder, llava.mm_vision_tower);
  const folders = [towerFolder, inside, folder].filter((place) => place !== null);
  const isAnyres = llava.image_aspect_ratio?.startsWith('anyres') ?? false;
  return {
    layout: 'original',
    text: readTextConfig(path, type, config, config),
    vision,
    normalisation: await readNormalisation(folders),
    featureLayers: featureLayersOf(path, 'mm_vision_select_layer', llava.mm_vision_select_layer, vision),
    packing: {
      // Some LLaVA-1.5 configs have pinpoints that the training did not use.
      gridPinpoints: isAnyres ? checkPinpoints(path, llava.image_grid_pinpoints) : [],
      aspectRatio: llava.image_aspect_ratio,
      mergeType: llava.mm_patch_merge_type,
      cropResolution: llava.image_crop_resolution,
      splitResolution: llava.image_split_resolution,
    },
    towerName: llava.mm_vision_tower,
  };
}

const nextPinpoints = [
  [336, 672],
  [672, 336],
  [672, 672],
  [1008, 336],
  [336, 1008],
];

async function readHf(folder: string, path: string, config: unknown, isNext: boolean): Promise<LlavaConfig> {
  const llava = checkJson(path, config, hfSchema);
  const vision = checkVisionConfig(`${path}: vision_config`, llava.vision_config);
  return {
    layout: 'hf',
    text: readTextConfig(`${path}: text_config`, llava.text_config.model_type, llava.text_config, config),
    vision,
    normalisation: await readNormalisation([folder]),
    featureLayers: featureLayersOf(path, 'vision_feature_layer', llava.vision_feature_layer, vision),
    packing: isNext
      ? {
          gridPinpoints: widthFirst(checkPinpoints(path, llava.image_grid_pinpoints ?? nextPinpoints)),
          aspectRatio: 'anyres',
          mergeType: 'spatial_unpad',
        }
      : { gridPinpoints: [] },
    towerName: null,
  };
}

/**
 * transformers reads pinpoints as [height, width], LLaVA and libmtmd as [width, height]. The published -hf configs
 * are copies of LLaVA's lists, which hold each pair both ways round: those keep LLaVA's order, which decides between two
 * that fit a picture equally well.
 */
function widthFirst(pairs: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const known = new Set(pairs.map(String));
  const isSymmetric = pairs.every(([first, second]) => known.has(`${second},${first}`));
  return isSymmetric ? pairs : pairs.map(([height, width]) => [width, height] as const);
}

function checkPinpoints(path: string, value: unknown): readonly (readonly [number, number])[] {
  const schema = z.object({ image_grid_pinpoints: pinpoints.min(1) });
  return checkJson(path, { image_grid_pinpoints: value }, schema).image_grid_pinpoints;
}

/** Non-negative, because -1 means "not set" to libmtmd. */
function featureLayersOf(
  path: string,
  field: string,
  value: number | readonly number[],
  { blocks }: VisionConfig,
): number[] {
  const counted = [value].flat().map((layer) => (layer < 0 ? blocks + layer + 1 : layer));
  const refuse = (reason: string): never => {
    throw new ConfigError(`${path}: ${field} is ${JSON.stringify(value)}: ${reason}`);
  };
  if (counted.some((layer) => layer < 1 || layer > blocks)) refuse(`the vision tower has ${blocks} layers`);
  // libmtmd concatenates several in the order in which they run.
  if (counted.some((layer, index) => index > 0 && layer <= counted[index - 1]!))
    refuse('must be in ascending order');
  return counted;
}
