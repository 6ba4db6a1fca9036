import { readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { convert, expectRefused, newFolder } from './fixture.ts';
import { originalCheckpoint, safetensors, withHeader, writeCheckpoint } from './tiny-checkpoint.ts';

test.each<[string, (folder: string) => void, RegExp]>([
  ['no folder', (folder) => rmSync(folder, { recursive: true }), /config\.json: is missing/],
  [
    'a missing shard',
    (folder) => unlinkSync(join(folder, 'model-00002-of-00002.safetensors')),
    /model-00002-of-00002\.safetensors: cannot be opened/,
  ],
  [
    'a missing shard without an index',
    (folder) => {
      unlinkSync(join(folder, 'model-00002-of-00002.safetensors'));
      unlinkSync(join(folder, 'model.safetensors.index.json'));
    },
    /only 1 of 2 shards found/,
  ],
  [
    'a cut shard',
    (folder) => truncateSync(join(folder, 'model-00001-of-00002.safetensors'), 90_000),
    /model-00001-of-00002\.safetensors: cut short: tensor .* ends at byte \d+, the file at 90000/,
  ],
  [
    'an empty shard',
    (folder) => truncateSync(join(folder, 'model-00001-of-00002.safetensors')),
    /only 0 bytes long/,
  ],
  [
    'a shard without its tensors',
    (folder) => writeFileSync(join(folder, 'model-00001-of-00002.safetensors'), safetensors({}, 'F16')),
    /model-00001-of-00002\.safetensors: tensor model\.\S+, listed in model\.safetensors\.index\.json, is missing/,
  ],
  [
    'an index that leads out',
    (folder) =>
      writeFileSync(join(folder, 'model.safetensors.index.json'), '{"weight_map":{"a":"../b.safetensors"}}'),
    /weight_map\.a is "\.\.\/b\.safetensors": must be the name of a file in this folder/,
  ],
  [
    'only pickles',
    (folder) => {
      for (const name of [
        'model-00001-of-00002.safetensors',
        'model-00002-of-00002.safetensors',
        'model.safetensors.index.json',
      ])
        unlinkSync(join(folder, name));
      writeFileSync(join(folder, 'pytorch_model.bin'), '');
    },
    /no model\.safetensors, only pytorch_model\.bin; pickles are not read/,
  ],
])('%s is refused', async (_, spoil, message) => {
  const folder = writeCheckpoint(newFolder(), originalCheckpoint(), { shards: 2 });
  spoil(folder);
  await expectRefused(folder, message);
});

const entry = { dtype: 'F16', shape: [2, 3], data_offsets: [0, 12] };

test.each<[string, Buffer, RegExp]>([
  [
    'of an absurd length',
    Buffer.from([255, 255, 255, 255, 255, 255, 255, 127, 0]),
    /its header says it is 9223372036854776000 bytes long/,
  ],
  ['that is no JSON', Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('abc')]), /not JSON/],
  [
    'with offsets that do not fit the shape',
    withHeader({ x: { ...entry, data_offsets: [0, 10] } }, Buffer.alloc(12)),
    /tensor x: data_offsets 0 to 10 do not hold 2x3 values of F16 \(12 bytes\)/,
  ],
  [
    'with negative sides',
    withHeader({ x: { ...entry, shape: [-2, -3] } }, Buffer.alloc(12)),
    /tensor x: shape\.0 is -2/,
  ],
  [
    'with sides beyond all bounds',
    withHeader({ x: { ...entry, shape: [2 ** 40, 2 ** 40] } }, Buffer.alloc(12)),
    /tensor x: data_offsets 0 to 12 do not hold/,
  ],
  [
    'with an unknown type',
    withHeader({ x: { ...entry, dtype: 'F7' } }, Buffer.alloc(12)),
    /tensor x: unknown type F7/,
  ],
  [
    'without offsets',
    withHeader({ x: { dtype: 'F16', shape: [2, 3] } }, Buffer.alloc(12)),
    /tensor x: data_offsets is missing/,
  ],
])('a header %s is refused', async (_, bytes, message) => {
  const folder = writeCheckpoint(newFolder(), originalCheckpoint());
  writeFileSync(join(folder, 'model.safetensors'), bytes);
  await expectRefused(folder, new RegExp(`model\\.safetensors: .*${message.source}`));
});

test('a tensor without floats is refused', async () => {
  const folder = writeCheckpoint(newFolder(), originalCheckpoint());
  const path = join(folder, 'model.safetensors');
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  header['lm_head.weight'].dtype = 'I16';
  writeFileSync(path, withHeader(header, bytes.subarray(8 + length)));
  await expectRefused(folder, /tensor lm_head\.weight is of I16; only F32, F16 and BF16/);
});

test('a value too large for a half is refused, with the remedy', async () => {
  const checkpoint = originalCheckpoint();
  checkpoint.tensors['lm_head.weight']!.values[70] = 1e6;
  const folder = writeCheckpoint(newFolder(), checkpoint, { dtype: 'F32' });
  await expectRefused(folder, /tensor lm_head\.weight holds values beyond 65504.*--outtype bf16/);
  await convert(folder, { outtype: 'BF16' });
});
