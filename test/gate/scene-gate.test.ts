import { expect, test } from 'vitest';
import { nativeJpegBlocks } from '../../src/camera/jpeg-blocks.ts';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { sceneRandom } from '../../src/camera/scene-random.ts';
import { SceneGate } from '../../src/gate/scene-gate.ts';
import { balances, CameraView, entering, lights, thingOf } from '../../tools/bench/camera-view.ts';

// A small version of `npm run bench:gate`: seeded pictures with camera noise, through JPEG and the daemon's decoder.
const size = { width: 320, height: 180 };
const jpegBlocks = nativeJpegBlocks({ debug() {}, info() {}, warn() {}, error() {} });
const defaults = { sensitivity: 50, ignore: [], lightGuard: true };

async function watching(seed: number, options = defaults): Promise<{ view: CameraView; gate: SceneGate }> {
  const view = new CameraView(seed, { size, noise: 6, quality: 75 });
  const gate = new SceneGate(options, jpegBlocks);
  for (let look = 0; look < 3; look++) (await gate.look(await view.frame())).described();
  return { view, gate };
}

test('the first picture is compared with nothing', async () => {
  const gate = new SceneGate(defaults, jpegBlocks);
  const view = new CameraView(1, { size, noise: 6, quality: 75 });
  const first = await gate.look(await view.frame());
  expect(first.compare()).toMatchObject({ changed: false, reading: { measure: null, threshold: 0.5 } });
  // A further look that was not described does not change that.
  expect((await gate.look(await view.frame())).compare().reading.measure).toBeNull();
  first.described();
  expect((await gate.look(await view.frame())).compare().reading.measure).toBe(0);
});

test('a static scene with noise and compression is no change', async () => {
  for (const seed of [1, 2]) {
    const { view, gate } = await watching(seed);
    for (let frame = 0; frame < 15; frame++) {
      expect((await gate.look(await view.frame())).compare().changed).toBe(false);
    }
  }
});

test('the same file again is not a new look: no noise is learned from it', async () => {
  const { view, gate } = await watching(3);
  const picture = await view.frame();
  const { noiseFloor } = (await gate.look(picture)).compare().reading;
  for (let look = 0; look < 20; look++) {
    const again = { ...picture, bytes: Uint8Array.from(picture.bytes) };
    expect((await gate.look(again)).compare()).toMatchObject({ changed: false, reading: { noiseFloor } });
  }
  expect((await gate.look(await view.frame())).compare().reading.noiseFloor).not.toBe(noiseFloor);
});

test('an object of 2 % that enters is detected within two looks, even a faint one', async () => {
  for (const contrast of [12, 60]) {
    for (let seed = 0; seed < 6; seed++) {
      const random = sceneRandom(seed, 3);
      const { view, gate } = await watching(100 + seed);
      const thing = thingOf(random, size, 0.02, contrast);
      const verdicts: boolean[] = [];
      for (const box of entering(random, size, thing)) {
        const look = await gate.look(await view.frame({ thing: { ...thing, box } }));
        verdicts.push(look.compare().changed);
      }
      expect(verdicts, `contrast ${contrast}, seed ${seed}`).toContain(true);
    }
  }
});

test('an object that changes its colour alone is a change, native and by sharp', async () => {
  for (const decoder of [jpegBlocks, null]) {
    for (let seed = 0; seed < 4; seed++) {
      const view = new CameraView(300 + seed, { size, noise: 6, quality: 75 });
      const gate = new SceneGate(defaults, decoder);
      const thing = thingOf(sceneRandom(seed, 4), size, 0.02, 20);
      const red = { ...thing, colour: [-20, 40] as const };
      for (let look = 0; look < 3; look++) (await gate.look(await view.frame({ thing: red }))).described();
      expect((await gate.look(await view.frame({ thing: red }))).compare().changed).toBe(false);
      const green = { ...thing, colour: [-20, -30] as const };
      expect((await gate.look(await view.frame({ thing: green }))).compare().changed).toBe(true);
    }
  }
});

test.each(Object.entries(balances))('white balance, %s: no change with the guard', async (_name, balance) => {
  for (const seed of [201, 202]) {
    const { view, gate } = await watching(seed);
    expect((await gate.look(await view.frame({ balance }))).compare().changed).toBe(false);
  }
});

test.each(Object.entries(lights))('light, %s: no change with the guard', async (_name, light) => {
  for (const seed of [201, 202]) {
    const { view, gate } = await watching(seed);
    expect((await gate.look(await view.frame({ light }))).compare().changed).toBe(false);
  }
});

test('without the guard a step of brightness is a change', async () => {
  const { view, gate } = await watching(201, { ...defaults, lightGuard: false });
  const look = await gate.look(await view.frame({ light: (level) => 0.7 * level }));
  expect(look.compare().changed).toBe(true);
});

test('each drawn scene of the demo is a change from the one before', async () => {
  const gate = new SceneGate(defaults, jpegBlocks);
  const scenes = 20;
  let changes = 0;
  for (let seed = 900_000; seed < 900_000 + scenes; seed++) {
    const bytes = await drawScene(sampleScene(seed, size));
    const look = await gate.look({ bytes, size });
    if (look.compare().changed) changes++;
    look.described();
  }
  expect(changes).toBe(scenes - 1);
});
