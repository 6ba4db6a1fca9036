import sharp from 'sharp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Picture } from '../../src/domain/frame.ts';
import { SceneGate } from '../../src/gate/scene-gate.ts';
import { CameraView } from '../../tools/bench/camera-view.ts';

const size = { width: 320, height: 180 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function gateOf(frozenAfterMs: number | null = 300_000): SceneGate {
  return new SceneGate({ sensitivity: 50, ignore: [], lightGuard: true }, null, { frozenAfterMs });
}

/** What each look reports, one each `everyMs`. */
async function problems(
  gate: SceneGate,
  pictures: readonly Picture[],
  everyMs = 10_000,
): Promise<(string | null)[]> {
  const kinds: (string | null)[] = [];
  for (const picture of pictures) {
    kinds.push((await gate.look(picture)).problem?.kind ?? null);
    vi.advanceTimersByTime(everyMs);
  }
  return kinds;
}

function repeat<T>(times: number, value: T): T[] {
  return Array<T>(times).fill(value);
}

async function frames(count: number, noise: number, seed = 7): Promise<Picture[]> {
  const view = new CameraView(seed, { size, noise, quality: 75 });
  const taken: Picture[] = [];
  for (let frame = 0; frame < count; frame++) taken.push(await view.frame());
  return taken;
}

/** Pixels by place; the noise is uniform, in grey levels. */
function drawn(level: (x: number, y: number) => number, noise = 0): Picture {
  const bytes = new Uint8Array(3 * size.width * size.height);
  for (let pixel = 0; pixel < size.width * size.height; pixel++) {
    const [x, y] = [pixel % size.width, Math.floor(pixel / size.width)];
    const value = level(x / size.width, y / size.height) + noise * (2 * Math.random() - 1);
    bytes.fill(Math.min(255, Math.max(0, value)), 3 * pixel, 3 * pixel + 3);
  }
  return { bytes, size, pixels: 'rgb24' };
}

test('the very same picture is frozen after its time, and no longer once another comes', async () => {
  const [frozen, next] = await frames(2, 6);
  const seen = await problems(gateOf(), [...repeat(32, frozen!), next!]);
  expect(seen).toEqual([...repeat(30, null), 'frozen', 'frozen', null]);
});

test('so is one that is encoded anew each time', async () => {
  const [{ bytes } = { bytes: new Uint8Array() }] = await frames(1, 6);
  const files = await Promise.all(
    [90, 95, 97, 98].map(async (quality) => ({
      size,
      bytes: await sharp(await sharp(bytes).raw().toBuffer(), { raw: { ...size, channels: 3 } })
        .withMetadata({ density: quality })
        .jpeg({ quality: 98 })
        .toBuffer(),
    })),
  );
  expect(await problems(gateOf(), files, 120_000)).toEqual([null, null, null, 'frozen']);
});

test('two looks far apart are not enough', async () => {
  const [frozen] = await frames(1, 6);
  expect(await problems(gateOf(), repeat(3, frozen!), 600_000)).toEqual([null, null, 'frozen']);
});

test.each([6, 1])('a still scene with noise %d is not frozen', async (noise) => {
  expect(await problems(gateOf(20_000), await frames(20, noise))).toEqual(repeat(20, null));
});

test('a file that is shown again and again is not frozen', async () => {
  const [still] = await frames(1, 6);
  expect(await problems(gateOf(null), repeat(4, still!), 600_000)).toEqual(repeat(4, null));
});

test.each([
  ['black', 'a black picture', () => drawn(() => 0)],
  ['black', 'a noisy one with a clock in it', () => drawn((x, y) => (x > 0.7 && y > 0.95 ? 235 : 5), 8)],
  ['covered', 'a grey one with noise', () => drawn(() => 90, 8)],
  ['covered', 'light that falls through a cloth', () => drawn((x, y) => 60 + 80 * x + 40 * y, 10)],
  ['covered', 'a blinded lens', () => drawn(() => 255)],
] as const)('%s: %s, after three looks', async (kind, _name, draw) => {
  const [scene] = await frames(1, 6);
  const pictures = [draw(), draw(), draw(), draw(), scene!];
  expect(await problems(gateOf(), pictures, 6000)).toEqual([null, null, kind, kind, null]);
});

test('it must last for ten seconds', async () => {
  expect(
    await problems(
      gateOf(),
      repeat(
        12,
        drawn(() => 0),
      ),
      1000,
    ),
  ).toEqual([...repeat(10, null), 'black', 'black']);
});

test('a dim scene shows something', async () => {
  const [{ bytes } = { bytes: new Uint8Array() }] = await frames(1, 6);
  const dim = await sharp(bytes).linear(0.2, 0).jpeg().toBuffer();
  expect(await problems(gateOf(null), repeat(4, { bytes: dim, size }))).toEqual(repeat(4, null));
});
