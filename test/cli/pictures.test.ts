import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { picturesOf } from '../../src/cli/pictures.ts';
import { HttpCamera } from '../../tools/test/http-camera.ts';

const jpeg = await drawScene(sampleScene(3, { width: 320, height: 240 }));
const { signal } = new AbortController();
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-pictures-'));
  return () => rmSync(folder, { recursive: true });
});

const read = async (argument: string) =>
  Promise.all((await picturesOf(argument)).map((picture) => picture.read(signal)));

test('a folder is its pictures in order; other files and folders in it are left alone', async () => {
  for (const name of ['b.jpg', 'a.JPEG', 'notes.txt']) writeFileSync(join(folder, name), jpeg);
  mkdirSync(join(folder, 'more'));
  writeFileSync(join(folder, 'more', 'c.jpg'), jpeg);
  expect((await picturesOf(folder)).map(({ name }) => name)).toEqual([
    join(folder, 'a.JPEG'),
    join(folder, 'b.jpg'),
  ]);
  expect(await read(folder)).toMatchObject([{ size: { width: 320, height: 240 } }, {}]);
});

test('an empty folder, and a file that is missing, are named', async () => {
  await expect(read(folder)).rejects.toThrow(`${folder}: contains no picture`);
  await expect(read(join(folder, 'x.jpg'))).rejects.toThrow(/x\.jpg: cannot be read: there is no such file/);
});

test('an address is read as a camera is: a picture, or the first one of a stream', async () => {
  const camera = new HttpCamera({ jpeg: () => jpeg });
  await camera.start();
  for (const path of ['snapshot', 'stream', 'snapshot?key=secret'])
    expect(await read(camera.address(path))).toMatchObject([{ size: { width: 320, height: 240 } }]);
  const [picture] = await picturesOf(camera.address('snapshot?key=secret'));
  expect(picture!.name).toBe(camera.address('snapshot?***'));
});

test('a login that is missing and an invalid address are named', async () => {
  const camera = new HttpCamera({ jpeg: () => jpeg, credentials: { username: 'u', password: 'p' } });
  await camera.start();
  await expect(read(camera.address('snapshot'))).rejects.toThrow(/login|password/);
  await expect(read('http://')).rejects.toThrow('not a valid address');
});

test('a login in an address is refused, and not shown', async () => {
  const address = 'http://user:secret@127.0.0.1:9/x.jpg';
  const [picture] = await picturesOf(address);
  expect(picture!.name).not.toContain('secret');
  await expect(read(address)).rejects.toThrow(/pipe it into scenecast describe -$/);
});
