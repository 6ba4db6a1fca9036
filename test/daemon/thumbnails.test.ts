import sharp from 'sharp';
import { expect, test, vi } from 'vitest';
import { thumbnailKeeper } from '../../src/daemon/thumbnails.ts';
import type { Picture } from '../../src/domain/frame.ts';

const frameOf = (picture: Picture) => ({
  id: 'id 1',
  camera: 'porch',
  capturedAt: new Date(),
  captureMs: 1,
  picture,
});

test('a small JPEG of each frame is kept', async () => {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const kept = Promise.withResolvers<[id: string, jpeg: Uint8Array]>();
  const keep = thumbnailKeeper({ addThumbnail: (...args) => kept.resolve(args) }, log);
  const size = { width: 640, height: 480 };
  keep(frameOf({ size, bytes: Buffer.alloc(640 * 480 * 3, 90), pixels: 'rgb24' }));
  const [id, jpeg] = await kept.promise;
  expect(id).toBe('id 1');
  expect(await sharp(jpeg).metadata()).toMatchObject({ format: 'jpeg', width: 320, height: 240 });
  expect(jpeg.length).toBeLessThanOrEqual(32 << 10);
});

test('a picture that cannot be kept is no fault of anything else', async () => {
  const logged = Promise.withResolvers<object>();
  const log = { debug: (fields: object) => logged.resolve(fields), info() {}, warn() {}, error() {} };
  thumbnailKeeper(
    { addThumbnail() {} },
    log,
  )(frameOf({ size: { width: 1, height: 1 }, bytes: Buffer.from('no picture') }));
  expect(await logged.promise).toEqual({ camera: 'porch', reason: expect.any(String) });
});
