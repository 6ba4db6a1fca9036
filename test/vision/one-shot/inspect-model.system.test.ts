import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { inspectModel } from '../../../src/vision/one-shot/inspect-model.ts';
import type { InspectRequest } from '../../../src/vision/one-shot/inspect-request.ts';
import { realGeometryShape, writeRandomLlava } from '../../../tools/test/random-llava.ts';
import { type Projector, writeRandomModel } from '../../../tools/test/random-projectors.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenecast-inspect-'));
afterAll(() => rmSync(folder, { recursive: true }));

const llava = writeRandomLlava(folder, realGeometryShape);
const sizes = [
  { width: 640, height: 480 },
  { width: 1280, height: 720 },
];

function inspect(
  { textPath, mmprojPath }: { textPath: string; mmprojPath: string | null },
  more: Partial<InspectRequest> = {},
): ReturnType<typeof inspectModel> {
  return inspectModel({ textPath, mmprojPath, chatTemplate: null, sizes, ...more });
}

test('LLaVA-1.6: metadata, the template with its reason, and the tokens of a picture at each detail', async () => {
  const facts = await inspect(llava);
  expect(facts.text).toMatchObject({
    architecture: 'llama',
    name: 'random LLaVA',
    tokenizer: 'llama',
    headCount: 2,
  });
  expect(facts.vision).toMatchObject({ projectorType: 'mlp', imageSize: 336, hasImageNewline: true });
  expect(facts.template).toMatchObject({
    source: 'family',
    family: 'vicuna',
    reason: expect.stringMatching(/llama/),
  });
  expect(facts.pictures).toEqual([
    { size: sizes[0], tokens: { full: 2340, balanced: 576 + 24 * 32 + 24, overview: 576 } },
    { size: sizes[1], tokens: { full: 1948, balanced: 576 + 24 * 42 + 24, overview: 576 } },
  ]);
});

test('a text model alone, and a template from the config', async () => {
  const facts = await inspect({ ...llava, mmprojPath: null }, { chatTemplate: 'mistral' });
  expect(facts).toMatchObject({
    vision: null,
    pictures: null,
    template: { source: 'config', family: 'mistral' },
  });
});

test.each<[Projector, readonly string[]]>([
  ['mlp', ['full']], // LLaVA-1.5: one square at every detail
  ['gemma3', ['full']],
  ['qwen2.5vl_merger', ['full', 'balanced', 'overview']],
  ['idefics3', ['full', 'balanced', 'overview']],
])("%s counts the tokens of libmtmd's layout, at details that differ", async (projector, details) => {
  const [cost] = (await inspect(writeRandomModel(folder, projector))).pictures!;
  expect(Object.keys(cost!.tokens)).toEqual(details);
  const { full, overview } = cost!.tokens;
  expect(full).toBeGreaterThan(0);
  if (overview !== undefined) expect(overview).toBeLessThan(full!);
});

test('a file that cannot be read is refused with its code', async () => {
  const { textPath } = writeRandomLlava(folder, realGeometryShape, { name: 'cut' });
  truncateSync(textPath, 3000);
  await expect(inspect({ ...llava, textPath })).rejects.toMatchObject({
    code: 'GGUF_CORRUPT',
    message: expect.stringContaining(textPath),
  });
  await expect(inspect({ ...llava, textPath: llava.mmprojPath })).rejects.toMatchObject({
    code: 'NOT_A_TEXT_MODEL',
  });
});
