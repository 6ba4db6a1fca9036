import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { locateModel } from '../../src/models/locate.ts';
import { backendsDir, loadAddon } from '../../src/vision/addon.ts';
import { PictureDescriber } from '../../src/vision/picture-describer.ts';

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

test('the engine says what PyTorch says, token for token, in at least 98 of 100 captions', async () => {
  const addon = loadAddon();
  addon.loadBackends(backendsDir());
  const { text, mmproj } = await locateModel(join(import.meta.dirname, '../../models/demo'));
  const engine = await addon.load({ textPath: text, mmprojPath: mmproj, threads: 1 });
  onTestFinished(() => engine.close());
  const speech = { maxTokens: 64, temperature: 0, chatTemplate: null, detail: 'full' } as const;
  const describer = new PictureDescriber(engine, speech, { name: '', quant: '', build: '' });
  const spoken = vi.spyOn(engine, 'tokenToPiece');
  const different: string[] = [];
  for (const { seed, width, height, ids, text: expected } of references) {
    spoken.mockClear();
    const picture = { size: { width, height }, bytes: await drawScene(sampleScene(seed, { width, height })) };
    const request = { picture, prompt: 'Describe the scene.', questions: [] };
    const description = await describer.describe(request, new AbortController().signal);
    const saidIds = spoken.mock.calls.map(([token]) => token);
    if (saidIds.join() !== ids.join()) different.push(`scene ${seed}: "${expected}" / "${description.text}"`);
  }
  expect(references).toHaveLength(100);
  console.log(`${100 - different.length} of 100 captions equal PyTorch's`, ...different);
  expect(different.length).toBeLessThanOrEqual(2);
}, 120_000);
