import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, expect, test } from 'vitest';
import { readPicture, StillCamera } from '../../src/camera/still.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-still-'));
  return () => rmSync(folder, { recursive: true });
});

async function save(name: string, width: number, height = 10): Promise<string> {
  const path = join(folder, name);
  await sharp({ create: { width, height, channels: 3, background: 'red' } }).toFile(path);
  return path;
}

test('a folder is shown in a loop, sorted by name; files may come and go', async () => {
  await save('b.png', 20);
  await save('a.JPG', 10);
  writeFileSync(join(folder, 'notes.txt'), 'no picture');
  const camera = new StillCamera('yard', folder);
  await camera.start();
  const widths = async (count: number): Promise<number[]> => {
    const seen: number[] = [];
    for (let look = 0; look < count; look++) seen.push((await camera.capture()).size.width);
    return seen;
  };
  expect(await widths(3)).toEqual([10, 20, 10]);
  const late = await save('aa.webp', 15);
  expect(await widths(3)).toEqual([15, 20, 10]);
  rmSync(late);
  expect(await widths(2)).toEqual([20, 10]);
});

test('a single file is shown every time, as its bytes', async () => {
  const path = await save('only.png', 30, 12);
  const camera = new StillCamera('yard', path);
  const [first, second] = [await camera.capture(), await camera.capture()];
  expect(first).toEqual(second);
  expect(first).toEqual(await readPicture(path));
  expect(first.size).toEqual({ width: 30, height: 12 });
});

test('a picture with EXIF orientation has the size a viewer shows', async () => {
  const path = join(folder, 'turned.jpg');
  await sharp({ create: { width: 40, height: 20, channels: 3, background: 'red' } })
    .withMetadata({ orientation: 6 })
    .toFile(path);
  expect((await readPicture(path)).size).toEqual({ width: 20, height: 40 });
});

test.each([
  ['a folder that is not there', 'gone', /gone: cannot be read/],
  ['a folder without pictures', '.', /contains no picture/],
])('%s is reported', async (_name, path, message) => {
  await expect(new StillCamera('yard', join(folder, path)).start()).rejects.toThrow(message);
});

test('a file that is not a picture is reported', async () => {
  const path = join(folder, 'fake.jpg');
  writeFileSync(path, 'not a jpeg');
  await expect(new StillCamera('yard', path).capture()).rejects.toThrow(/fake\.jpg: not a readable picture/);
});
