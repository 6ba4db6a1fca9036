import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ScenecastError } from '../../../src/domain/errors.ts';
import { convert, expectRefused, newFolder } from './fixture.ts';
import {
  type Checkpoint,
  hfCheckpoint,
  originalCheckpoint,
  sentencePieceModel,
  writeCheckpoint,
} from './tiny-checkpoint.ts';

const query = 'model.layers.1.self_attn.q_proj.weight';
const zeros = (...shape: number[]): { shape: number[]; values: Float32Array } => ({
  shape,
  values: new Float32Array(shape.reduce((product, side) => product * side, 1)),
});

test.each<[string, (checkpoint: Checkpoint) => void, RegExp]>([
  [
    'a missing tensor',
    ({ tensors }) => delete tensors[query],
    /layers\.1\.self_attn\.q_proj\.weight, required by config\.json, is missing/,
  ],
  [
    'a wrong shape',
    ({ tensors }) => (tensors[query] = zeros(32, 64)),
    /q_proj\.weight is 32x64, .* requires 64x64/,
  ],
  [
    'an unknown tensor',
    ({ tensors }) => (tensors['model.lora_A'] = zeros(2)),
    /tensor model\.lora_A: not part of/,
  ],
  [
    'a missing newline',
    ({ tensors }) => delete tensors['model.image_newline'],
    /image_newline, required by config\.json, is missing/,
  ],
  [
    'no projector',
    ({ tensors }) => {
      for (const name of Object.keys(tensors)) if (name.includes('mm_projector')) delete tensors[name];
    },
    /mm_projector\.0\.weight\) is missing.* mm_projector\.bin is a pickle/,
  ],
  [
    'another architecture',
    ({ config }) => (config['architectures'] = ['Qwen2VLForConditionalGeneration']),
    /config\.json: architectures\.0 is "Qwen2VLForConditionalGeneration": only LLaVA 1\.5 and 1\.6/,
  ],
  ['no architecture', ({ config }) => delete config['architectures'], /architectures is missing/],
  [
    'a quantised checkpoint',
    ({ config }) => (config['quantization_config'] = { bits: 4 }),
    /quantization_config is \{"bits":4\}: the checkpoint is quantised already/,
  ],
  [
    'another projector',
    ({ config }) => (config['mm_projector_type'] = 'ldp'),
    /mm_projector_type is "ldp": only mlp2x_gelu/,
  ],
  [
    'an absurd layer',
    ({ config }) => (config['mm_vision_select_layer'] = -9),
    /mm_vision_select_layer is -9: the vision tower has 4/,
  ],
  ['absurd layers', ({ config }) => (config['num_hidden_layers'] = 1e9), /num_hidden_layers is 1000000000/],
  [
    'an unknown rope',
    ({ config }) => (config['rope_scaling'] = { type: 'yarn', factor: 2 }),
    /rope_scaling is .*yarn.*: only linear/,
  ],
  [
    'pinpoints of text',
    ({ config }) => (config['image_grid_pinpoints'] = '(1x1)'),
    /image_grid_pinpoints is "\(1x1\)"/,
  ],
  [
    'heads that do not divide',
    ({ config }) => (config['num_attention_heads'] = 7),
    /num_attention_heads is 7: must divide hidden_size 64/,
  ],
  [
    'another vocabulary size',
    ({ config }) => (config['vocab_size'] = 9),
    /vocab_size is 9, but model\.embed_tokens\.weight has/,
  ],
  [
    'no tokeniser',
    ({ files }) => delete files['tokenizer.model'],
    /holds neither tokenizer\.model nor tokenizer\.json/,
  ],
  [
    'a cut tokeniser',
    ({ files }) => (files['tokenizer.model'] = sentencePieceModel().subarray(0, 999)),
    /tokenizer\.model: not a SentencePiece model \(it is cut short\)/,
  ],
  [
    'a text as tokeniser',
    ({ files }) => (files['tokenizer.model'] = 'IQ== 0\nIg== 1\n'),
    /tokenizer\.model: not a SentencePiece model/,
  ],
  [
    'a unigram tokeniser',
    ({ files }) => (files['tokenizer.model'] = sentencePieceModel(undefined, { modelType: 1 })),
    /type 1; only BPE/,
  ],
  [
    'JSON cut short',
    ({ files }) => (files['tokenizer_config.json'] = '{"add_bos'),
    /tokenizer_config\.json: not JSON/,
  ],
  [
    'a SigLIP tower',
    ({ files }) => (files['tower/config.json'] = { model_type: 'siglip_vision_model' }),
    /tower\/config\.json: model_type is "siglip_vision_model": only CLIP/,
  ],
  [
    'an unknown tower',
    ({ config, files }) => {
      config['mm_vision_tower'] = 'google/siglip-so400m';
      delete files['tower/config.json'];
    },
    /mm_vision_tower is "google\/siglip-so400m", an unknown tower.*--vision-tower/,
  ],
  [
    'a tower outside',
    ({ config }) => (config['mm_vision_tower'] = '../../tower'),
    /mm_vision_tower is "\.\.\/\.\.\/tower", an unknown tower/,
  ],
])('%s is refused', async (_, spoil, message) => {
  const checkpoint = originalCheckpoint();
  spoil(checkpoint);
  await expectRefused(writeCheckpoint(newFolder(), checkpoint), message);
});

test.each<[string, (config: Record<string, unknown>) => void, RegExp]>([
  [
    'another language model',
    (config) => (config['text_config'] = { model_type: 'qwen2' }),
    /text_config\.model_type is "qwen2": only llama and mistral/,
  ],
  [
    'another strategy',
    (config) => (config['vision_feature_select_strategy'] = 'full'),
    /vision_feature_select_strategy is "full"/,
  ],
])('%s in an -hf config is refused', async (_, spoil, message) => {
  const checkpoint = hfCheckpoint();
  spoil(checkpoint.config);
  await expectRefused(writeCheckpoint(newFolder(), checkpoint), message);
});

test('damaged files of any kind end in a result or in a readable error', { timeout: 120_000 }, async () => {
  const folder = writeCheckpoint(newFolder(), originalCheckpoint(), { shards: 2 });
  const names = [
    'model-00001-of-00002.safetensors',
    'model.safetensors.index.json',
    'config.json',
    'tokenizer.model',
  ];
  const outFolder = newFolder();
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed % below;
  };
  let refused = 0;
  for (let round = 0; round < 200; round++) {
    const path = join(folder, names[round % names.length]!);
    const good = readFileSync(path);
    const bad = Buffer.from(good);
    // Most of the damage goes to the front, where the headers are.
    for (let count = 0; count < 4; count++) bad[random(Math.min(bad.length, 6000))] = random(256);
    writeFileSync(path, round % 5 === 0 ? bad.subarray(0, random(bad.length)) : bad);
    await convert(folder, { outFolder, force: true }).catch((error: unknown) => {
      expect(error).toBeInstanceOf(ScenecastError);
      refused++;
    });
    writeFileSync(path, good);
  }
  expect(refused).toBeGreaterThan(100);
});
