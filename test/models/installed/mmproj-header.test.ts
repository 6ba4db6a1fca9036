import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readMmprojHeader } from '../../../src/models/installed/mmproj-header.ts';
import { writeHollowModel } from '../../../tools/test/hollow-model.ts';

const demo = join(import.meta.dirname, '../../../models/demo');
const mmproj = join(demo, 'demo-mmproj-f16.gguf');
const folder = mkdtempSync(join(tmpdir(), 'scenecast-header-'));
afterAll(() => rmSync(folder, { recursive: true }));

const text = { width: 64, blocks: 1, heads: 2, feedForward: 64, contextLength: 64, type: 'F16' } as const;

test.each(['F16', 'BF16', 'Q8_0', 'Q4_0'] as const)('the type is that of most weights: %s', async (type) => {
  const vision = {
    ...{ width: 256, heads: 4, feedForward: 1024, blocks: 2, imageSize: 28, patchSize: 14 },
    type,
  };
  const { mmprojPath } = writeHollowModel(folder, { text, vision, packing: '1.6' });
  expect(await readMmprojHeader(mmprojPath)).toEqual({ type, projector: 'mlp' });
});

test("the demo model's tower is F16", async () => {
  expect(await readMmprojHeader(mmproj)).toEqual({ type: 'F16', projector: 'mlp' });
});

test('a header that is larger than the first read is read too', async () => {
  const bytes = readFileSync(mmproj);
  // The first value becomes a string of 300 kB.
  const key = Buffer.from('general.architecture');
  const at = bytes.indexOf(key) - 8;
  const long = Buffer.alloc(8 + 1 + 4 + 8 + 300_000, 'x');
  long.writeBigUInt64LE(1n, 0);
  long.writeUInt32LE(8, 9);
  long.writeBigUInt64LE(300_000n, 13);
  const longer = Buffer.concat([bytes.subarray(0, at), long, bytes.subarray(at)]);
  longer.writeBigUInt64LE(longer.readBigUInt64LE(16) + 1n, 16);
  const path = join(folder, 'long.gguf');
  writeFileSync(path, longer);
  expect(await readMmprojHeader(path)).toEqual({ type: 'F16', projector: 'mlp' });
});

test.each([
  ['a text model', readFileSync(join(demo, 'demo-text-f16.gguf'))],
  ['another file', Buffer.from('{}')],
  ['a header that is cut short', readFileSync(mmproj).subarray(0, 3000)],
  [
    'a length beyond all bounds',
    Buffer.from(
      'GGUF\x03\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7f',
      'latin1',
    ),
  ],
])('%s has none', async (_, bytes) => {
  const path = join(folder, 'bad.gguf');
  writeFileSync(path, bytes);
  expect(await readMmprojHeader(path)).toBeNull();
});

test('a missing file has none', async () => {
  expect(await readMmprojHeader('/nowhere/mmproj.gguf')).toBeNull();
});
