import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type ReadGguf, readGguf } from '../../../tools/test/read-gguf.ts';
import { convert, newFolder } from './fixture.ts';
import { hfName, type Json, withHeader } from './tiny-checkpoint.ts';

// The demo model's GGUF files were written by tools/demo-model/export_gguf.py with llama.cpp's own gguf-py.

const models =
  process.env['SCENECAST_DEMO_MODELS'] ?? fileURLToPath(new URL('../../../models/demo', import.meta.url));
const checkpoint = `${models}/checkpoint`;
const isThere = existsSync(`${checkpoint}/model.safetensors`);
const reason = isThere ? '' : ` (skipped: ${checkpoint} is not there)`;

/** Keys that a checkpoint does not have, or that only one of the two writers writes. */
const ownKeys = [
  'general.name',
  'general.license',
  'general.type',
  'general.size_label',
  'tokenizer.chat_template',
];

test.skipIf(!isThere)(`the demo checkpoint gives the committed files' tensors${reason}`, async () => {
  const converted = await convert(checkpoint);
  for (const kind of ['text', 'mmproj'] as const) {
    const committed = readGguf(`${models}/demo-${kind}-f16.gguf`);
    expectSameTensors(readGguf(converted[kind]), committed);
    expect(comparable(readGguf(converted[kind]))).toEqual(comparable(committed));
  }
});

test.skipIf(!isThere)(`so does the demo checkpoint in the -hf layout${reason}`, async () => {
  const folder = newFolder();
  mkdirSync(folder);
  for (const name of ['tokenizer.model', 'tokenizer_config.json'])
    copyFileSync(`${checkpoint}/${name}`, `${folder}/${name}`);
  const read = (name: string): Json => JSON.parse(readFileSync(`${checkpoint}/${name}`, 'utf8'));
  const { mm_vision_select_layer, image_grid_pinpoints, ...config } = read('config.json');
  const hfConfig = {
    architectures: ['LlavaNextForConditionalGeneration'],
    text_config: { ...config, model_type: 'llama' },
    vision_config: read('vision_tower/config.json'),
    vision_feature_layer: mm_vision_select_layer,
    image_grid_pinpoints,
  };
  writeFileSync(`${folder}/config.json`, JSON.stringify(hfConfig));
  const bytes = readFileSync(`${checkpoint}/model.safetensors`);
  const data = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, data));
  const renamed = Object.entries(header).map(([name, entry]) => [
    name === '__metadata__' ? name : hfName(name, 'old'),
    entry,
  ]);
  writeFileSync(`${folder}/model.safetensors`, withHeader(Object.fromEntries(renamed), bytes.subarray(data)));
  const converted = await convert(folder);
  for (const kind of ['text', 'mmproj'] as const)
    expectSameTensors(readGguf(converted[kind]), readGguf(`${models}/demo-${kind}-f16.gguf`));
});

function expectSameTensors(ours: ReadGguf, theirs: ReadGguf): void {
  expect([...ours.tensors.keys()].sort()).toEqual([...theirs.tensors.keys()].sort());
  for (const [name, { shape, type, bytes }] of theirs.tensors) {
    const tensor = ours.tensors.get(name)!;
    expect({ name, shape: tensor.shape, type: tensor.type }).toEqual({ name, shape, type });
    expect(tensor.bytes.equals(bytes), `bytes of ${name}`).toBe(true);
  }
}

function comparable({ metadata }: ReadGguf): unknown {
  return Object.fromEntries([...metadata].filter(([key]) => !ownKeys.includes(key)));
}
