import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

test('a daemon whose cameras give JPEGs does not load sharp', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-imports-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const create = { width: 640, height: 480, channels: 3, background: 'red' } as const;
  await sharp({ create }).toFile(join(folder, 'porch.jpg'));
  const script = `
    import { readFileSync } from 'node:fs';
    await import('${root}/src/cli/run.ts');
    const { StillCamera } = await import('${root}/src/camera/still.ts');
    const { readBlockMeans } = await import('${root}/src/gate/block-means.ts');
    const { nativeJpegBlocks } = await import('${root}/src/camera/jpeg-blocks.ts');
    const picture = await new StillCamera('porch', '${folder}/porch.jpg').capture(new AbortController().signal);
    await readBlockMeans(picture, nativeJpegBlocks({ debug: console.error }));
    console.log(readFileSync('/proc/self/maps', 'utf8').includes('libvips'));
  `;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(output).toBe('false\n');
});
