import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { locateModel } from '../../src/models/installed/locate.ts';
import { backendsDir, loadAddon } from '../../src/vision/native/addon.ts';
import { Speaker } from '../../tools/arm64/speaker.ts';

test('a caption is the same twice, and its token is the likelier of two', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-speaker-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const size = { width: 336, height: 336 };
  const scene = { seed: 900_003, size, path: join(folder, 'scene.jpg') };
  writeFileSync(scene.path, await drawScene(sampleScene(scene.seed, size)));
  loadAddon().loadBackends(backendsDir());
  const model = await locateModel(join(import.meta.dirname, '../../models/demo'));
  const speaker = await Speaker.open(model, 'overview');
  onTestFinished(() => speaker.close());
  const caption = await speaker.describe(scene);
  expect(caption.tokens.length).toBeGreaterThan(4);
  for (const index of [0, caption.tokens.length - 1]) {
    expect(await speaker.margin(scene, index, caption.tokens[index]!)).toBeLessThanOrEqual(0);
    expect(await speaker.margin(scene, index, -1)).toBe(Number.POSITIVE_INFINITY);
  }
  expect(await speaker.describe(scene)).toEqual(caption);
}, 120_000);
