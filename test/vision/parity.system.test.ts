import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { locateModel } from '../../src/models/installed/locate.ts';
import { backendsDir, loadAddon } from '../../src/vision/native/addon.ts';
import { Speaker } from '../../tools/arm64/speaker.ts';

interface Reference {
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly ids: readonly number[];
  readonly text: string;
}

// Written by tools/demo-model/reference.ts: the same weights in PyTorch, packed by LLaVA's published recipe with Pillow.
const fixture = join(import.meta.dirname, '../fixtures/pytorch-captions.json');
const references = JSON.parse(readFileSync(fixture, 'utf8')) as Reference[];

test("the engine's captions equal PyTorch's, token for token, in at least 98 of 100 pictures", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-parity-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  loadAddon().loadBackends(backendsDir());
  const speaker = await Speaker.open(
    await locateModel(join(import.meta.dirname, '../../models/demo')),
    'full',
  );
  onTestFinished(() => speaker.close());
  const different: string[] = [];
  for (const { seed, width, height, ids, text } of references) {
    const size = { width, height };
    const path = join(folder, `${seed}.jpg`);
    writeFileSync(path, await drawScene(sampleScene(seed, size)));
    const caption = await speaker.describe({ seed, size, path });
    if (caption.tokens.slice(0, -1).join() !== ids.join())
      different.push(`scene ${seed}: "${text}" / "${caption.text}"`);
  }
  expect(references).toHaveLength(100);
  console.log(`${100 - different.length} of 100 captions equal PyTorch's`, ...different);
  expect(different.length).toBeLessThanOrEqual(2);
}, 600_000);
