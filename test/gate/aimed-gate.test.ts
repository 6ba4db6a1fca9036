import { expect, test } from 'vitest';
import type { CameraAim } from '../../src/domain/camera-aim.ts';
import type { Picture } from '../../src/domain/frame.ts';
import { AimedGate } from '../../src/gate/aimed-gate.ts';
import { SceneGate } from '../../src/gate/scene-gate.ts';

const grey: Picture = {
  size: { width: 64, height: 48 },
  bytes: new Uint8Array(64 * 48 * 3).fill(120),
  pixels: 'rgb24',
};

test('with another aim, each look is a change until one is described', async () => {
  let aim: CameraAim = { sensitivity: 50, ignore: [], privacy: [] };
  const gate = new AimedGate(
    () => aim,
    ({ sensitivity, ignore }) => new SceneGate({ sensitivity: sensitivity!, ignore, lightGuard: true }),
  );
  const first = await gate.look(grey);
  expect(first.compare().changed).toBe(false);
  first.described();
  const before = await gate.look(grey);
  expect(before.compare()).toMatchObject({ changed: false, reading: { threshold: 0.5 } });
  aim = { ...aim, sensitivity: 75 };
  const after = await gate.look(grey);
  expect(after.compare()).toMatchObject({ changed: true, reading: { threshold: expect.closeTo(0.25) } });
  // A picture from before the change.
  before.described();
  expect((await gate.look(grey)).compare().changed).toBe(true);
  after.described();
  expect((await gate.look(grey)).compare().changed).toBe(false);
});

test('with another aim, nothing is known of where a picture has changed until one is described', async () => {
  let aim: CameraAim = { sensitivity: 50, ignore: [], privacy: [] };
  const gate = new AimedGate(
    () => aim,
    ({ sensitivity, ignore }) => new SceneGate({ sensitivity: sensitivity!, ignore, lightGuard: true }),
  );
  const bytes = grey.bytes.map((level, at) => (at < 64 * 8 * 3 ? level + 60 : level));
  const thing: Picture = { ...grey, bytes };
  (await gate.look(grey)).described();
  const top = { left: 0, top: 0, right: 1, bottom: expect.closeTo(1 / 48) };
  expect((await gate.look(thing)).changedArea()).toHaveLength(8);
  expect((await gate.look(thing)).changedArea()![0]).toEqual(top);
  aim = {
    ...aim,
    ignore: [
      [
        [0, 0.5],
        [1, 0.5],
        [1, 1],
      ],
    ],
  };
  const first = await gate.look(grey);
  expect(first.changedArea()).toBeNull();
  first.described();
  expect((await gate.look(thing)).changedArea()).toHaveLength(8);
});
