import { expect, test } from 'vitest';
import { metadataOf, readGguf } from '../../../tools/test/read-gguf.ts';
import { written } from './fixture.ts';
import { decode, hfCheckpoint, originalCheckpoint } from './tiny-checkpoint.ts';

test('pinpoints of an -hf config are [height, width]: turned round, unless the list is the same both ways', async () => {
  const checkpoint = hfCheckpoint();
  checkpoint.config['image_grid_pinpoints'] = [
    [28, 56],
    [28, 84],
  ];
  const { mmproj } = await written(checkpoint);
  expect(metadataOf(mmproj)['clip.vision.image_grid_pinpoints']).toEqual([56, 28, 84, 28]);
});

test('values missing in an -hf config have the defaults of its type', async () => {
  const checkpoint = hfCheckpoint();
  const text = checkpoint.config['text_config'] as Record<string, unknown>;
  for (const key of [
    'rope_theta',
    'max_position_embeddings',
    'rms_norm_eps',
    'num_key_value_heads',
    'vocab_size',
  ])
    delete text[key];
  text['model_type'] = 'mistral';
  const vision = checkpoint.config['vision_config'] as Record<string, unknown>;
  for (const key of ['layer_norm_eps', 'hidden_act', 'projection_dim']) delete vision[key];
  // Mistral's own default is 8 key-value heads: too many here, and that shows.
  await expect(written(checkpoint)).rejects.toThrow(/num_key_value_heads is 8/);
  text['num_key_value_heads'] = 2;
  const { text: path, mmproj, notes } = await written(checkpoint);
  expect(metadataOf(path)).toMatchObject({ 'llama.context_length': 131_072, 'llama.rope.freq_base': 10_000 });
  expect(metadataOf(mmproj)).toMatchObject({ 'clip.vision.projection_dim': 512, 'clip.use_gelu': false });
  expect(notes).toEqual([]);
});

test('LLaVA 1.5 in the -hf layout has neither pinpoints nor a newline', async () => {
  const checkpoint = hfCheckpoint();
  checkpoint.config['architectures'] = ['LlavaForConditionalGeneration'];
  delete checkpoint.config['image_grid_pinpoints'];
  delete checkpoint.tensors['image_newline'];
  const { metadata, tensors } = readGguf((await written(checkpoint)).mmproj);
  const keys = [...metadata.keys()].filter((key) => /pinpoints|aspect|merge/.test(key));
  expect([keys, tensors.has('model.image_newline')]).toEqual([[], false]);
});

test("LLaVA-NeXT's own pinpoints are the default for a config without them", async () => {
  const checkpoint = hfCheckpoint();
  delete checkpoint.config['image_grid_pinpoints'];
  expect(metadataOf((await written(checkpoint)).mmproj)['clip.vision.image_grid_pinpoints']).toEqual([
    336, 672, 672, 336, 672, 672, 1008, 336, 336, 1008,
  ]);
});

test('a null counts as missing', async () => {
  const checkpoint = originalCheckpoint();
  for (const key of [
    'image_crop_resolution',
    'rope_scaling',
    'quantization_config',
    'sliding_window',
    'head_dim',
  ])
    checkpoint.config[key] = null;
  expect(metadataOf((await written(checkpoint)).mmproj)).not.toHaveProperty(
    'clip.vision.image_crop_resolution',
  );
});

test('tied embeddings need no output matrix; others do', async () => {
  const checkpoint = originalCheckpoint();
  delete checkpoint.tensors['lm_head.weight'];
  await expect(written(checkpoint)).rejects.toThrow(/lm_head.weight, required by config.json, is missing/);
  checkpoint.config['tie_word_embeddings'] = true;
  expect([...readGguf((await written(checkpoint)).text).tensors.keys()]).not.toContain('output.weight');
});

test('biases of q and k are interleaved as their rows are', async () => {
  const checkpoint = originalCheckpoint();
  const values = Float32Array.from({ length: 64 }, (_, index) => index);
  checkpoint.tensors['model.layers.0.self_attn.q_proj.bias'] = { shape: [64], values };
  const bias = readGguf((await written(checkpoint)).text).tensors.get('blk.0.attn_q.bias')!;
  expect([...decode(bias.bytes, 'F32').subarray(14, 20)]).toEqual([7, 15, 16, 24, 17, 25]);
});

test("Llama 3.1's frequencies and linear scaling are written", async () => {
  const checkpoint = originalCheckpoint();
  checkpoint.config['rope_scaling'] = { type: 'linear', factor: 2.5 };
  expect(metadataOf((await written(checkpoint)).text)).toMatchObject({
    'llama.rope.scaling.type': 'linear',
    'llama.rope.scaling.factor': 2.5,
  });
  checkpoint.config['rope_theta'] = 500_000;
  checkpoint.config['rope_scaling'] = {
    rope_type: 'llama3',
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  };
  const { text } = await written(checkpoint);
  const factors = decode(readGguf(text).tensors.get('rope_freqs.weight')!.bytes, 'F32');
  // Of 8 frequencies 500000^(-i/8): the wavelengths 2 pi 500000^(i/8) pass 2048 at i = 3.53 and 8192 at i = 4.37.
  expect([...factors.subarray(0, 4)]).toEqual([1, 1, 1, 1]);
  const smooth = (8192 / (2 * Math.PI * 500_000 ** 0.5) - 1) / 3;
  expect(factors[4]).toBeCloseTo(1 / ((1 - smooth) / 8 + smooth), 5);
  expect([...factors.subarray(5)]).toEqual([8, 8, 8]);
});

test('a sliding window is noted, and several feature layers are kept', async () => {
  const checkpoint = originalCheckpoint();
  checkpoint.config['architectures'] = ['LlavaMistralForCausalLM'];
  checkpoint.config['sliding_window'] = 1024;
  checkpoint.config['mm_vision_select_layer'] = [-3, -1];
  checkpoint.tensors['model.mm_projector.0.weight'] = { shape: [64, 64], values: new Float32Array(64 * 64) };
  const { mmproj, notes } = await written(checkpoint);
  expect(notes).toEqual([expect.stringContaining('sliding_window 1024')]);
  expect(metadataOf(mmproj)).toMatchObject({
    'clip.vision.feature_layer': [2, 4],
    'clip.vision.block_count': 4,
  });
});

test("the model card's licence is kept", async () => {
  const checkpoint = originalCheckpoint();
  checkpoint.files['README.md'] = '---\nlanguage: en\nlicense: apache-2.0\n---\n# A model\n';
  expect(metadataOf((await written(checkpoint)).mmproj)['general.license']).toBe('apache-2.0');
});
