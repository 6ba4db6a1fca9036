import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHalf, toHalf } from '../../../tools/test/gguf-writer.ts';
import { vocabulary } from '../../../tools/test/random-text.ts';

// Small LLaVA checkpoints in the layouts of the published ones, with values that all float formats hold exactly.

export type Dtype = 'F32' | 'F16' | 'BF16';

export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export type Tensors = Record<string, Tensor>;
export type Json = Record<string, unknown>;

export interface Checkpoint {
  config: Json;
  tensors: Tensors;
  /** Other files by name; an object is written as JSON. */
  files: Record<string, Json | Buffer | string>;
}

export const shape = {
  text: { width: 64, feedForward: 96, blocks: 2, heads: 4, keyValueHeads: 2, headWidth: 16 },
  vision: { width: 32, feedForward: 48, blocks: 4, heads: 2, imageSize: 28, patchSize: 14 },
};
const grids = [
  [28, 56],
  [56, 28],
  [56, 56],
];
export const visionConfig = {
  model_type: 'clip_vision_model',
  hidden_act: 'quick_gelu',
  hidden_size: shape.vision.width,
  intermediate_size: shape.vision.feedForward,
  num_hidden_layers: shape.vision.blocks,
  num_attention_heads: shape.vision.heads,
  image_size: shape.vision.imageSize,
  patch_size: shape.vision.patchSize,
  projection_dim: 24,
  layer_norm_eps: 1e-5,
};
const textConfig = {
  hidden_size: shape.text.width,
  intermediate_size: shape.text.feedForward,
  num_hidden_layers: shape.text.blocks,
  num_attention_heads: shape.text.heads,
  num_key_value_heads: shape.text.keyValueHeads,
  max_position_embeddings: 4096,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  vocab_size: vocabulary.length,
};

/** As liuhaotian/llava-v1.6-*: a Vicuna or Mistral with the tower among its tensors. */
export function originalCheckpoint(): Checkpoint {
  return {
    config: {
      architectures: ['LlavaLlamaForCausalLM'],
      model_type: 'llava_llama',
      ...textConfig,
      bos_token_id: 1,
      eos_token_id: 2,
      pad_token_id: 0,
      image_aspect_ratio: 'anyres',
      image_crop_resolution: 56,
      image_split_resolution: 56,
      image_grid_pinpoints: grids,
      mm_hidden_size: shape.vision.width,
      mm_patch_merge_type: 'spatial_unpad',
      mm_projector_type: 'mlp2x_gelu',
      mm_vision_select_feature: 'patch',
      mm_vision_select_layer: -2,
      mm_vision_tower: 'tower',
      tie_word_embeddings: false,
    },
    tensors: tensorsOf(),
    files: {
      'tokenizer.model': sentencePieceModel(),
      'tokenizer_config.json': { add_bos_token: true, add_eos_token: false, unk_token: '<unk>' },
      'tower/config.json': { ...visionConfig },
    },
  };
}

/** The same model as llava-hf/llava-v1.6-* would publish it; `prefix` is newer releases' "model.language_model.". */
export function hfCheckpoint(naming: 'old' | 'new' = 'old'): Checkpoint {
  const original = originalCheckpoint();
  const { 'tower/config.json': _, ...files } = original.files;
  return {
    config: {
      architectures: ['LlavaNextForConditionalGeneration'],
      model_type: 'llava_next',
      text_config: { model_type: 'llama', ...textConfig, bos_token_id: 1, eos_token_id: 2 },
      vision_config: { ...visionConfig },
      pad_token_id: 0,
      image_grid_pinpoints: grids,
      projector_hidden_act: 'gelu',
      vision_feature_layer: -2,
      vision_feature_select_strategy: 'default',
    },
    tensors: Object.fromEntries(
      Object.entries(original.tensors).map(([name, tensor]) => [hfName(name, naming), tensor]),
    ),
    files,
  };
}

export function hfName(name: string, naming: 'old' | 'new'): string {
  const outer = naming === 'new' ? 'model.' : '';
  if (name === 'model.image_newline') return `${outer}image_newline`;
  if (name.startsWith('model.mm_projector.'))
    return name
      .replace('model.mm_projector.0', `${outer}multi_modal_projector.linear_1`)
      .replace('model.mm_projector.2', `${outer}multi_modal_projector.linear_2`);
  if (name.startsWith('model.vision_tower.'))
    return name.replace('model.vision_tower.vision_tower.', `${outer}vision_tower.`);
  if (naming === 'old') return `language_model.${name}`;
  return name.startsWith('model.') ? name.replace('model.', 'model.language_model.') : name;
}

function tensorsOf(): Tensors {
  const { text, vision } = shape;
  const tensors: Tensors = {};
  let seed = 1;
  const add = (name: string, ...sides: number[]): void => {
    const size = sides.reduce((product, side) => product * side, 1);
    // Few enough bits that F16, BF16 and F32 hold the same values.
    const values = Float32Array.from({ length: size }, () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return ((seed >>> 24) - 128) / 1024;
    });
    tensors[name] = { shape: sides, values };
  };
  const linear = (name: string, outputs: number, inputs: number): void => {
    add(`${name}.weight`, outputs, inputs);
    add(`${name}.bias`, outputs);
  };
  const tower = 'model.vision_tower.vision_tower.vision_model';
  add('model.image_newline', text.width);
  add(`${tower}.embeddings.class_embedding`, vision.width);
  add(`${tower}.embeddings.patch_embedding.weight`, vision.width, 3, vision.patchSize, vision.patchSize);
  add(
    `${tower}.embeddings.position_embedding.weight`,
    (vision.imageSize / vision.patchSize) ** 2 + 1,
    vision.width,
  );
  for (const norm of ['pre_layrnorm', 'post_layernorm'])
    for (const kind of ['weight', 'bias']) add(`${tower}.${norm}.${kind}`, vision.width);
  for (let block = 0; block < vision.blocks; block++) {
    const layer = `${tower}.encoder.layers.${block}`;
    for (const part of ['q_proj', 'k_proj', 'v_proj', 'out_proj'])
      linear(`${layer}.self_attn.${part}`, vision.width, vision.width);
    linear(`${layer}.mlp.fc1`, vision.feedForward, vision.width);
    linear(`${layer}.mlp.fc2`, vision.width, vision.feedForward);
    for (const norm of ['layer_norm1', 'layer_norm2'])
      for (const kind of ['weight', 'bias']) add(`${layer}.${norm}.${kind}`, vision.width);
  }
  linear('model.mm_projector.0', text.width, vision.width);
  linear('model.mm_projector.2', text.width, text.width);
  add('model.embed_tokens.weight', vocabulary.length, text.width);
  for (let block = 0; block < text.blocks; block++) {
    const layer = `model.layers.${block}`;
    add(`${layer}.self_attn.q_proj.weight`, text.heads * text.headWidth, text.width);
    add(`${layer}.self_attn.k_proj.weight`, text.keyValueHeads * text.headWidth, text.width);
    add(`${layer}.self_attn.v_proj.weight`, text.keyValueHeads * text.headWidth, text.width);
    add(`${layer}.self_attn.o_proj.weight`, text.width, text.heads * text.headWidth);
    add(`${layer}.mlp.gate_proj.weight`, text.feedForward, text.width);
    add(`${layer}.mlp.up_proj.weight`, text.feedForward, text.width);
    add(`${layer}.mlp.down_proj.weight`, text.width, text.feedForward);
    add(`${layer}.input_layernorm.weight`, text.width);
    add(`${layer}.post_attention_layernorm.weight`, text.width);
  }
  add('model.norm.weight', text.width);
  add('lm_head.weight', vocabulary.length, text.width);
  return tensors;
}

export interface WriteOptions {
  /** Default F16. */
  readonly dtype?: Dtype;
  /** Number of shards; one is model.safetensors without an index. */
  readonly shards?: number;
}

/** Writes a checkpoint into `folder`, which is created. */
export function writeCheckpoint(
  folder: string,
  { config, tensors, files }: Checkpoint,
  { dtype = 'F16', shards = 1 }: WriteOptions = {},
): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries({ 'config.json': config, ...files })) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    const isText = typeof content === 'string' || Buffer.isBuffer(content);
    writeFileSync(join(folder, name), isText ? content : JSON.stringify(content));
  }
  const entries = Object.entries(tensors);
  if (shards === 1) {
    writeFileSync(join(folder, 'model.safetensors'), safetensors(tensors, dtype));
    return folder;
  }
  const weightMap: Record<string, string> = {};
  for (let shard = 0; shard < shards; shard++) {
    const name = `model-${String(shard + 1).padStart(5, '0')}-of-${String(shards).padStart(5, '0')}.safetensors`;
    const part = entries.filter((_, index) => index % shards === shard);
    for (const [tensor] of part) weightMap[tensor] = name;
    writeFileSync(join(folder, name), safetensors(Object.fromEntries(part), dtype));
  }
  const index = { metadata: { total_size: 0 }, weight_map: weightMap };
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
  return folder;
}

/** The bytes of a safetensors file. */
export function safetensors(tensors: Tensors, dtype: Dtype): Buffer {
  const header: Json = { __metadata__: { format: 'pt' } };
  const data: Buffer[] = [];
  let offset = 0;
  for (const [name, { shape: sides, values }] of Object.entries(tensors)) {
    const bytes = encode(values, dtype);
    header[name] = { dtype, shape: sides, data_offsets: [offset, offset + bytes.length] };
    data.push(bytes);
    offset += bytes.length;
  }
  return withHeader(header, Buffer.concat(data));
}

export function withHeader(header: Json, data: Buffer): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

function encode(values: Float32Array, dtype: Dtype): Buffer {
  if (dtype === 'F32') return Buffer.from(values.slice().buffer);
  if (dtype === 'F16') return Buffer.from(Uint16Array.from(values, toHalf).buffer);
  const bits = new Uint32Array(values.slice().buffer);
  return Buffer.from(Uint16Array.from(bits, (value) => value >>> 16).buffer);
}

/** Float values of a GGUF tensor's bytes. */
export function decode(bytes: Buffer, dtype: Dtype): Float32Array {
  const copy = new Uint8Array(bytes).buffer;
  if (dtype === 'F32') return new Float32Array(copy);
  if (dtype === 'F16') return Float32Array.from(new Uint16Array(copy), fromHalf);
  return new Float32Array(Uint32Array.from(new Uint16Array(copy), (value) => value << 16).buffer);
}

/** A tokenizer.model of the BPE kind. */
export function sentencePieceModel(
  pieces: readonly { piece: string; score: number; type: number }[] = vocabulary,
  { modelType = 2, addsSpacePrefix = true } = {},
): Buffer {
  const encoded = pieces.map(({ piece, score, type }) => {
    const scoreBytes = Buffer.alloc(4);
    scoreBytes.writeFloatLE(score);
    return message(
      1,
      Buffer.concat([message(1, Buffer.from(piece)), Buffer.of(0x15), scoreBytes, varintField(3, type)]),
    );
  });
  const trainer = Buffer.concat([varintField(3, modelType), varintField(40, 0)]);
  const normalizer = Buffer.concat([
    message(1, Buffer.from('identity')),
    varintField(3, Number(addsSpacePrefix)),
  ]);
  return Buffer.concat([...encoded, message(2, trainer), message(3, normalizer)]);
}

function message(field: number, content: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

function varintField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}
