import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { sceneRandom } from '../../src/camera/scene-random.ts';
import type { Picture } from '../../src/domain/frame.ts';
import type { Description } from '../../src/domain/observation.ts';
import type { PictureArea } from '../../src/domain/picture-area.ts';
import type { DescribeRequest } from '../../src/pipeline/ports.ts';
import type { MtmdEngine } from '../../src/vision/native/mtmd-engine.ts';
import { countPictureTokens } from '../../src/vision/picture/picture-cost.ts';
import { choosePictureEncoder } from '../../src/vision/picture/picture-encoder.ts';
import { type GenerationOptions, PictureDescriber } from '../../src/vision/picture-describer.ts';
import { budgetName, views } from '../../tools/accuracy/ablation/views.ts';
import { demoEngine, demoRequest } from '../../tools/test/demo-engine.ts';
import { tinyShape, writeRandomLlava } from '../../tools/test/random-llava.ts';
import { writeRandomModel } from '../../tools/test/random-projectors.ts';
import { folder, open } from '../native/engine-fixture.ts';

// How much of a picture the language model is shown, and what is encoded for that.

const never = new AbortController().signal;
const engine = await open(demoEngine);

/** Of the demo's scene: 64 of the overview, 12 rows of 16 patches with a newline each. */
const whole = 268;
const fixed = 76;
const third: PictureArea = [{ left: 0, top: 0, right: 0.5, bottom: 0.6 }];

interface Shown extends Description {
  /** As the language model reads the picture. */
  readonly embeddings: Float32Array;
  /** Calls of the engine, each with the pixels of the square. */
  readonly plain: readonly Uint8Array[];
  readonly attended: readonly Uint8Array[];
}

/** A describer that has seen nothing yet. */
function describerOf(
  options: Partial<GenerationOptions>,
  of: MtmdEngine = engine,
): (request?: Partial<DescribeRequest>) => Promise<Shown> {
  const calls = {
    embeddings: [] as Float32Array[],
    plain: [] as Uint8Array[],
    attended: [] as Uint8Array[],
  };
  const lists = {
    decodeEmbeddings: 'embeddings',
    encodeTile: 'plain',
    encodeAttendedTile: 'attended',
  } as const;
  const recording = new Proxy(of, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const list = lists[name as keyof typeof lists];
      return (...args: unknown[]) => {
        if (list) (calls[list] as unknown[]).push(args[0]);
        return value.apply(target, args);
      };
    },
  });
  const describer = new PictureDescriber(
    recording,
    { maxTokens: 4, temperature: 0, chatTemplate: null, detail: 'full', ...options },
    { name: 'demo', quant: '', build: '' },
  );
  return async (request = {}) => {
    for (const list of Object.values(calls)) list.length = 0;
    const description = await describer.describe({ ...demoRequest, ...request }, never);
    return {
      ...description,
      embeddings: calls.embeddings[0]!,
      plain: [...calls.plain],
      attended: [...calls.attended],
    };
  };
}

function rowsOf(embeddings: Float32Array): string[] {
  const { width } = engine.info.text;
  return Array.from({ length: embeddings.length / width }, (_, row) =>
    embeddings.subarray(row * width, (row + 1) * width).join(),
  );
}

/** Whether all of `part` comes in `all`, in the same order. */
function isSubsequence(part: readonly string[], all: readonly string[]): boolean {
  let next = 0;
  for (const each of all) if (each === part[next]) next++;
  return next === part.length;
}

const full = await describerOf({})();
const changed = await describerOf({ changedOnly: true })({ changedArea: third });

test('the demo picture has as many tokens as these tests expect', () => {
  expect(full.tokens).toMatchObject({ image: whole, imageOmitted: 0 });
  expect([full.plain.length, full.attended.length]).toEqual([5, 0]);
  expect(changed.tokens.image).toBeGreaterThan(fixed + 20);
  expect(changed.tokens.image).toBeLessThan(whole);
});

describe('a limit that suffices', () => {
  test.each([whole, 5000])('(%i) changes no bit, and costs nothing', async (maxImageTokens) => {
    const shown = await describerOf({ maxImageTokens })();
    expect(shown.embeddings).toEqual(full.embeddings);
    expect(shown.tokens).toEqual(full.tokens);
    expect(shown.text).toBe(full.text);
    expect([shown.plain.length, shown.attended.length]).toEqual([5, 0]);
  });

  test('for what has changed shows all of that, and asks for no attention', async () => {
    const limits = { changedOnly: true, maxImageTokens: changed.tokens.image };
    const shown = await describerOf(limits)({ changedArea: third });
    expect(shown.embeddings).toEqual(changed.embeddings);
    expect(shown.tokens).toEqual(changed.tokens);
    expect([shown.plain.length, shown.attended.length]).toEqual([changed.plain.length, 0]);
  });
});

const random = sceneRandom(23, 1);
const someLimits = [fixed + 1, whole - 1, ...Array.from({ length: 8 }, () => random.below(191) + fixed + 1)];

describe.each(someLimits)('a limit of %i tokens', (maxImageTokens) => {
  test('is what is shown: the overview, all newlines, and patches in their order', async () => {
    const shown = await describerOf({ maxImageTokens })();
    expect(shown.tokens).toMatchObject({ image: maxImageTokens, imageOmitted: whole - maxImageTokens });
    const [part, all] = [rowsOf(shown.embeddings), rowsOf(full.embeddings)];
    expect(part).toHaveLength(maxImageTokens);
    expect(part.slice(0, 64)).toEqual(all.slice(0, 64));
    expect(isSubsequence(part.slice(64), all.slice(64))).toBe(true);
    const newline = all.at(-1);
    expect(part.filter((row) => row === newline)).toHaveLength(12);
  });

  test('encodes no square twice, and none of which nothing is shown', async () => {
    const { plain, attended } = await describerOf({ maxImageTokens })();
    expect(plain).toHaveLength(0);
    expect(attended.length).toBeLessThanOrEqual(Math.min(5, 1 + maxImageTokens - fixed));
    expect(new Set(attended.map((rgb) => Buffer.from(rgb).toString('latin1'))).size).toBe(attended.length);
  });

  test('chooses only among what has changed', async () => {
    const shown = await describerOf({ maxImageTokens, changedOnly: true })({ changedArea: third });
    const image = Math.min(maxImageTokens, changed.tokens.image);
    expect(shown.tokens).toMatchObject({ image, imageOmitted: whole - image });
    expect(isSubsequence(rowsOf(shown.embeddings), rowsOf(changed.embeddings))).toBe(true);
  });
});

test('the patches are those that the class token attends to', async () => {
  const maxImageTokens = fixed + 1;
  const { embeddings, attended } = await describerOf({ maxImageTokens })();
  // One patch: of the tile that gets the whole budget, the one with the most attention that is in the map.
  expect(attended).toHaveLength(2);
  const tile = await engine.encodeAttendedTile(attended[1]!);
  const best = [...tile.classAttention.keys()].toSorted(
    (a, b) => tile.classAttention[b]! - tile.classAttention[a]!,
  );
  const rows = rowsOf(tile.embeddings);
  const inMap = new Set(rowsOf(full.embeddings).slice(64));
  const first = best.find((patch) => inMap.has(rows[patch]!))!;
  expect(rowsOf(embeddings).slice(64)).toContain(rows[first]);
});

test.each([0.75, 0.5, 0.25])('what is judged with %d of the patches is what runs', async (share) => {
  const view = views.find(({ name }) => name === budgetName(share, 'attended'))!;
  const scene = sampleScene(900_001, demoRequest.picture.size);
  const seen = { scene, picture: demoRequest.picture, changedArea: null };
  const judged = await view.embed(engine, (rgb) => engine.encodeTile(rgb), seen);
  const { embeddings } = await describerOf({ maxImageTokens: fixed + share * (whole - fixed) })();
  expect(embeddings).toEqual(judged.embeddings);
});

test('a still picture is encoded twice, then never again: its attention is kept too', async () => {
  const describeOne = describerOf({ maxImageTokens: 150 });
  const seen: Shown[] = [];
  for (let times = 0; times < 4; times++) seen.push(await describeOne());
  const counts = seen.map(({ attended }) => attended.length);
  expect(counts).toEqual([counts[0], counts[0], 0, 0]);
  expect(counts[0]).toBeGreaterThan(2);
  for (const each of seen) {
    expect(each.plain).toHaveLength(0);
    expect(each.embeddings).toEqual(seen[0]!.embeddings);
  }
});

test('of a request for less detail, what that detail shows is chosen from', async () => {
  const balanced = await describerOf({})({ detail: 'balanced' });
  expect(balanced.tokens.image).toBeLessThan(whole);
  const less = balanced.tokens.image - 20;
  const shown = await describerOf({ maxImageTokens: less })({ detail: 'balanced' });
  expect(shown.tokens).toMatchObject({ image: less, imageOmitted: 20 });
  expect(isSubsequence(rowsOf(shown.embeddings), rowsOf(balanced.embeddings))).toBe(true);
  const overview = await describerOf({ maxImageTokens: less })({ detail: 'overview' });
  expect(overview.tokens).toMatchObject({ image: 64, imageOmitted: 0 });
  expect([overview.plain.length, overview.attended.length]).toEqual([1, 0]);
});

test('a picture whose newlines leave room for no patch is its overview alone', async () => {
  const size = { width: 300, height: 900 };
  const bytes = await sharp(demoRequest.picture.bytes)
    .resize(size.width, size.height, { fit: 'fill' })
    .png()
    .toBuffer();
  const request = { picture: { size, bytes } };
  const { tokens } = await describerOf({})(request);
  const { length: rows } = rowsOf((await describerOf({ maxImageTokens: 65 })(request)).embeddings);
  expect(rows).toBe(64);
  for (const changes of [{}, { changedArea: third }]) {
    const shown = await describerOf({ maxImageTokens: 65, changedOnly: true })({ ...request, ...changes });
    expect(shown.tokens).toMatchObject({ image: 64, imageOmitted: tokens.image - 64 });
    expect([shown.plain.length, shown.attended.length]).toEqual([1, 0]);
  }
});

test.each([
  ['whose pictures are one square', () => writeRandomModel(folder, 'mlp')],
  ['whose pictures libmtmd lays out', () => writeRandomModel(folder, 'idefics3')],
  [
    'whose map has no newlines',
    () => writeRandomLlava(folder, tinyShape, { mergeType: 'flat', newlineName: null, name: 'flat' }),
  ],
  [
    'whose tower has no class token',
    () => writeRandomLlava(folder, tinyShape, { hasClassToken: false, name: 'classless' }),
  ],
])('a model %s has no limit', async (_, write) => {
  const of = await open(write());
  const bare = await describerOf({}, of)();
  const shown = await describerOf({ maxImageTokens: 1 }, of)();
  expect(shown.tokens).toEqual(bare.tokens);
  expect(shown.attended).toHaveLength(0);
});

describe('the tokens of a picture are counted as they are shown', async () => {
  const shape = {
    ...tinyShape,
    imageSize: 56,
    gridPinpoints: [
      [56, 112],
      [112, 56],
      [112, 112],
      [168, 56],
    ],
  } as const;
  const tiny = await open(writeRandomLlava(folder, shape, { name: 'counted' }));
  const sizes = sceneRandom(24, 1);

  async function pictureOf(width: number, height: number): Promise<Picture> {
    const rgb = Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * at * 31 + at * 7) % 256);
    const bytes = await sharp(rgb, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    return { size: { width, height }, bytes };
  }

  test.each(
    Array.from({ length: 30 }, () => [20 + sizes.below(300), 20 + sizes.below(300), 10 + sizes.below(90)]),
  )('of %i x %i pixels, at most %i', async (width, height, limit) => {
    const picture = await pictureOf(width!, height!);
    const encoded = await choosePictureEncoder(tiny, 'full', limit).encode(picture, 'USER', never);
    expect(encoded.imageTokens).toBe(countPictureTokens(tiny, 'full', picture.size, limit));
    expect(encoded.imageTokens).toBeLessThanOrEqual(Math.max(limit!, 16));
    const all = countPictureTokens(tiny, 'full', picture.size);
    expect(encoded.imageTokens + encoded.omittedTokens).toBe(all);
  });
});
