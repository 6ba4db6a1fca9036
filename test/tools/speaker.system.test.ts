import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { locateModel } from '../../src/models/installed/locate.ts';
import { backendsDir, loadAddon } from '../../src/vision/native/addon.ts';
import { Speaker } from '../../tools/arm64/speaker.ts';

test('a caption is said alike twice; the token that is said is the likeliest of two', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-speaker-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const size = { width: 336, height: 336 };
  const scene = { seed: 900_003, size, path: join(folder, 'scene.jpg') };
  writeFileSync(scene.path, await drawScene(sampleScene(scene.seed, size)));
  loadAddon().loadBackends(backendsDir());
  const model = await locateModel(join(import.meta.dirname, '../../models/demo'));
  const speaker = await Speaker.open(model, 'overview');
  onTestFinished(() => speaker.close());
  const said = await speaker.describe(scene);
  expect(said.tokens.length).toBeGreaterThan(4);
  for (const index of [0, said.tokens.length - 1]) {
    expect(await speaker.margin(scene, index, said.tokens[index]!)).toBeLessThanOrEqual(0);
    expect(await speaker.margin(scene, index, -1)).toBe(Number.POSITIVE_INFINITY);
  }
  expect(await speaker.describe(scene)).toEqual(said);
}, 120_000);
