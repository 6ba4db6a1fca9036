import { copyFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { metadataOf, readGguf } from '../../../tools/test/read-gguf.ts';
import { convert, newFolder, written } from './fixture.ts';
import {
  type Dtype,
  decode,
  hfCheckpoint,
  originalCheckpoint,
  shape,
  type Tensors,
  visionConfig,
  writeCheckpoint,
} from './tiny-checkpoint.ts';

const original = await written(originalCheckpoint());

test('tensors have the names, types and values llama.cpp expects', () => {
  const text = readGguf(original.text).tensors;
  const mmproj = readGguf(original.mmproj).tensors;
  const { tensors } = originalCheckpoint();
  const expectEqual = (file: typeof text, name: string, source: string, type: Dtype): void => {
    const tensor = file.get(name)!;
    expect({ name, type: tensor.type, shape: tensor.shape }).toEqual({
      name,
      type,
      shape: tensors[source]!.shape,
    });
    expect(decode(tensor.bytes, type), name).toEqual(tensors[source]!.values);
  };
  expectEqual(text, 'token_embd.weight', 'model.embed_tokens.weight', 'F16');
  expectEqual(text, 'blk.1.attn_v.weight', 'model.layers.1.self_attn.v_proj.weight', 'F16');
  expectEqual(text, 'blk.1.attn_output.weight', 'model.layers.1.self_attn.o_proj.weight', 'F16');
  expectEqual(text, 'blk.0.ffn_gate.weight', 'model.layers.0.mlp.gate_proj.weight', 'F16');
  expectEqual(text, 'blk.0.ffn_up.weight', 'model.layers.0.mlp.up_proj.weight', 'F16');
  expectEqual(text, 'blk.0.ffn_down.weight', 'model.layers.0.mlp.down_proj.weight', 'F16');
  expectEqual(text, 'blk.0.attn_norm.weight', 'model.layers.0.input_layernorm.weight', 'F32');
  expectEqual(text, 'blk.0.ffn_norm.weight', 'model.layers.0.post_attention_layernorm.weight', 'F32');
  expectEqual(text, 'output_norm.weight', 'model.norm.weight', 'F32');
  expectEqual(text, 'output.weight', 'lm_head.weight', 'F16');
  const tower = 'model.vision_tower.vision_tower.vision_model';
  expectEqual(mmproj, 'v.class_embd', `${tower}.embeddings.class_embedding`, 'F32');
  expectEqual(mmproj, 'v.patch_embd.weight', `${tower}.embeddings.patch_embedding.weight`, 'F16');
  expectEqual(mmproj, 'v.position_embd.weight', `${tower}.embeddings.position_embedding.weight`, 'F16');
  expectEqual(mmproj, 'v.pre_ln.bias', `${tower}.pre_layrnorm.bias`, 'F32');
  expectEqual(mmproj, 'v.blk.2.ffn_down.weight', `${tower}.encoder.layers.2.mlp.fc1.weight`, 'F16');
  expectEqual(mmproj, 'v.blk.2.ln2.weight', `${tower}.encoder.layers.2.layer_norm2.weight`, 'F32');
  expectEqual(mmproj, 'mm.2.bias', 'model.mm_projector.2.bias', 'F32');
  expectEqual(mmproj, 'model.image_newline', 'model.image_newline', 'F32');
  const blocks = [...mmproj.keys()].filter((name) => name.endsWith('.ln1.weight'));
  expect(blocks).toEqual(['v.blk.0.ln1.weight', 'v.blk.1.ln1.weight', 'v.blk.2.ln1.weight']);
  expect([...mmproj.keys()].filter((name) => name.includes('post'))).toEqual([]);
  expect(text.size).toBe(3 + 9 * shape.text.blocks);
});

test('rows of q and k are interleaved within each head, of k within each of the fewer heads', () => {
  const { headWidth, width } = shape.text;
  const { tensors } = originalCheckpoint();
  for (const [name, source] of [
    ['blk.1.attn_q.weight', 'model.layers.1.self_attn.q_proj.weight'],
    ['blk.1.attn_k.weight', 'model.layers.1.self_attn.k_proj.weight'],
  ] as const) {
    const from = tensors[source]!;
    const [rows = 0] = from.shape;
    const expected = new Float32Array(from.values.length);
    for (let row = 0; row < rows; row++) {
      const head = Math.floor(row / headWidth);
      const half = Math.floor((row % headWidth) / (headWidth / 2));
      const place = head * headWidth + 2 * (row % (headWidth / 2)) + half;
      expected.set(from.values.subarray(row * width, (row + 1) * width), place * width);
    }
    expect(decode(readGguf(original.text).tensors.get(name)!.bytes, 'F16'), name).toEqual(expected);
  }
});

test('metadata is that of the configs', () => {
  expect(metadataOf(original.text)).toMatchObject({
    'general.architecture': 'llama',
    'general.name': 'tiny',
    'general.file_type': 1,
    'llama.block_count': 2,
    'llama.embedding_length': 64,
    'llama.feed_forward_length': 96,
    'llama.attention.head_count': 4,
    'llama.attention.head_count_kv': 2,
    'llama.rope.dimension_count': 16,
    'llama.rope.freq_base': 10_000,
    'tokenizer.ggml.model': 'llama',
    'tokenizer.ggml.bos_token_id': 1,
    'tokenizer.ggml.eos_token_id': 2,
    'tokenizer.ggml.padding_token_id': 0,
    'tokenizer.ggml.unknown_token_id': 0,
    'tokenizer.ggml.add_bos_token': true,
    'tokenizer.ggml.add_eos_token': false,
  });
  expect(metadataOf(original.mmproj)).toMatchObject({
    'clip.has_llava_projector': true,
    'clip.projector_type': 'mlp',
    'clip.vision.block_count': 3,
    'clip.vision.feature_layer': [3],
    'clip.vision.image_grid_pinpoints': [28, 56, 56, 28, 56, 56],
    'clip.vision.image_aspect_ratio': 'anyres',
    'clip.vision.mm_patch_merge_type': 'spatial_unpad',
    'clip.vision.projection_dim': 24,
    'clip.use_gelu': false,
  });
});

test.each(['old', 'new'] as const)('the -hf layout with %s names gives the same files', async (naming) => {
  const hf = await written(hfCheckpoint(naming));
  expectSameTensors(hf, original);
  const unsaid = ['clip.vision.image_crop_resolution', 'clip.vision.image_split_resolution'];
  const known = Object.entries(metadataOf(original.mmproj)).filter(([key]) => !unsaid.includes(key));
  expect(metadataOf(hf.mmproj)).toEqual(Object.fromEntries(known));
  expect(metadataOf(hf.text)).toEqual(metadataOf(original.text));
});

test.each([
  ['F16', 3],
  ['BF16', 1],
  ['F32', 1],
  ['F32', 2],
] as const)('a source of %s in %i files gives the same tensors', async (dtype, shards) => {
  expectSameTensors(await written(originalCheckpoint(), { dtype, shards }), original);
});

test('shards without an index are found', async () => {
  const path = writeCheckpoint(newFolder(), originalCheckpoint(), { shards: 2 });
  rmSync(join(path, 'model.safetensors.index.json'));
  expectSameTensors(await convert(path), original);
});

test.each(['BF16', 'F32'] as const)(
  '--outtype %s changes the matrices and not the mmproj',
  async (outtype) => {
    const converted = await written(originalCheckpoint(), { convert: { outtype } });
    expect(converted.text).toMatch(new RegExp(`tiny-text-${outtype.toLowerCase()}\\.gguf$`));
    const { tensors } = originalCheckpoint();
    const output = readGguf(converted.text).tensors.get('output.weight')!;
    expect(output.type).toBe(outtype);
    expect(decode(output.bytes, outtype)).toEqual(tensors['lm_head.weight']!.values);
    expect(metadataOf(converted.text)['general.file_type']).toBe(outtype === 'F32' ? 0 : 32);
    expect(readGguf(converted.mmproj)).toEqual(readGguf(original.mmproj));
  },
);

test('LLaVA 1.5: the tower comes from its own folder, and there is one tile', async () => {
  const checkpoint = originalCheckpoint();
  const isTower = ([name]: [string, unknown]): boolean => name.includes('vision_tower');
  const entries = Object.entries(checkpoint.tensors);
  const tower: Tensors = Object.fromEntries(
    entries
      .filter(isTower)
      .map(([name, tensor]) => [name.replace('model.vision_tower.vision_tower.', ''), tensor]),
  );
  checkpoint.tensors = Object.fromEntries(entries.filter((entry) => !isTower(entry)));
  delete checkpoint.tensors['model.image_newline'];
  Object.assign(checkpoint.config, { image_aspect_ratio: 'pad', mm_patch_merge_type: 'flat' });
  await expect(written(checkpoint)).rejects.toThrow(/vision tower's weights .* --vision-tower/);
  // A whole CLIP, as OpenAI publishes it.
  tower['text_model.final_layer_norm.weight'] = { shape: [2], values: Float32Array.of(1, 2) };
  const visionTower = writeCheckpoint(newFolder(), {
    config: { model_type: 'clip', vision_config: visionConfig },
    tensors: tower,
    files: {},
  });
  const converted = await written(checkpoint, { convert: { visionTower } });
  const { tensors, metadata } = readGguf(converted.mmproj);
  expect([...metadata.keys()]).not.toContain('clip.vision.image_grid_pinpoints');
  expect(metadata.get('clip.vision.image_aspect_ratio')?.value).toBe('pad');
  const whole = new Map(readGguf(original.mmproj).tensors);
  whole.delete('model.image_newline');
  expect(tensors).toEqual(whole);
});

test('the tower of a published original is known by its name', async () => {
  const checkpoint = originalCheckpoint();
  checkpoint.config['mm_vision_tower'] = 'openai/clip-vit-large-patch14-336';
  delete checkpoint.files['tower/config.json'];
  // Known to be 1024 wide, which this one is not.
  await expect(written(checkpoint)).rejects.toThrow(/class_embedding is 32, config.json requires 1024/);
});

test('the same checkpoint gives the same bytes', async () => {
  const path = writeCheckpoint(newFolder(), originalCheckpoint());
  const [first, second] = [await convert(path), await convert(path)];
  for (const kind of ['text', 'mmproj'] as const) {
    copyFileSync(first[kind], `${second[kind]}.first`);
    expect(readGguf(`${second[kind]}.first`)).toEqual(readGguf(second[kind]));
  }
  expect(readdirSync(join(first.text, '..')).sort()).toEqual(['tiny-mmproj-f16.gguf', 'tiny-text-f16.gguf']);
});

interface Files {
  readonly text: string;
  readonly mmproj: string;
}

function expectSameTensors(ours: Files, theirs: Files): void {
  for (const kind of ['text', 'mmproj'] as const)
    expect(readGguf(ours[kind]).tensors).toEqual(readGguf(theirs[kind]).tensors);
}
