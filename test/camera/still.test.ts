import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, expect, test } from 'vitest';
import { readPicture, StillCamera } from '../../src/camera/still.ts';

const never = new AbortController().signal;

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
    for (let look = 0; look < count; look++) seen.push((await camera.capture(never)).size.width);
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
  const [first, second] = [await camera.capture(never), await camera.capture(never)];
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
  await expect(new StillCamera('yard', path).capture(never)).rejects.toThrow(
    /fake\.jpg: not a readable picture/,
  );
});

async function jpegOf(width: number): Promise<Buffer> {
  return sharp({ create: { width, height: 10, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
}

test('what is no whole picture is skipped', async () => {
  await save('m.jpg', 40);
  const jpeg = await jpegOf(20);
  writeFileSync(join(folder, '._m.jpg'), 'Mac OS X        ');
  writeFileSync(join(folder, '.upload.jpg'), jpeg);
  writeFileSync(join(folder, 'empty.jpg'), '');
  writeFileSync(join(folder, 'half.jpg'), jpeg.subarray(0, jpeg.length / 2));
  writeFileSync(join(folder, 'text.png'), 'not a picture');
  mkdirSync(join(folder, 'folder.jpg'));
  symlinkSync('/nowhere/at-all.jpg', join(folder, 'dangling.jpg'));
  symlinkSync('loop.jpg', join(folder, 'loop.jpg'));
  symlinkSync('m.jpg', join(folder, 'n.jpg'));
  const cut = await sharp({ create: { width: 50, height: 50, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  writeFileSync(join(folder, 'z.png'), cut.subarray(0, cut.length - 8));
  const camera = new StillCamera('yard', folder);
  await camera.start();
  for (let look = 0; look < 4; look++) expect((await camera.capture(never)).size.width).toBe(40);
});

test.each([
  ['a folder', () => mkdirSync(join(folder, 'a.jpg'))],
  ['a device', () => symlinkSync('/dev/zero', join(folder, 'a.jpg'))],
  ['a link to nothing', () => symlinkSync('nowhere.jpg', join(folder, 'a.jpg'))],
  ['a hidden file', () => writeFileSync(join(folder, '.a.jpg'), 'x')],
])('%s is no picture', async (_name, make) => {
  make();
  await expect(new StillCamera('yard', folder).start()).rejects.toThrow(/contains no picture/);
});

test.each([
  ['half written', (jpeg: Buffer) => jpeg.subarray(0, jpeg.length / 2)],
  ['empty', () => Buffer.alloc(0)],
  ['gone', () => null],
])('a picture that is %s for a moment is waited for', async (_name, before) => {
  const jpeg = await jpegOf(60);
  const path = join(folder, 'live.jpg');
  writeFileSync(path, jpeg);
  const camera = new StillCamera('yard', path);
  await camera.start();
  const first = before(jpeg);
  if (first) writeFileSync(path, first);
  else rmSync(path);
  setTimeout(() => writeFileSync(path, jpeg), 1000);
  expect((await camera.capture(never)).size.width).toBe(60);
});

test('a picture that is not completed is a fault, with its reason; so is an aborted wait', async () => {
  const jpeg = await jpegOf(60);
  writeFileSync(join(folder, 'a.jpg'), jpeg.subarray(0, jpeg.length - 2));
  writeFileSync(join(folder, 'b.jpg'), '');
  const camera = new StillCamera('yard', folder);
  await expect(camera.capture(AbortSignal.timeout(300))).rejects.toThrow(/aborted/i);
  await expect(camera.capture(never)).rejects.toThrow(
    new RegExp(
      `a\\.jpg: cut: the picture ends too early, after ${jpeg.length - 2} bytes; nor can 1 more be read$`,
    ),
  );
});
