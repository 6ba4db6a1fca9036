import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sampleScene, shapeOutline } from '../../src/camera/scene-layout.ts';

const sizes = [
  { width: 640, height: 480 },
  { width: 1280, height: 720 },
  { width: 300, height: 900 },
  { width: 96, height: 72 },
];
const scenes = Array.from({ length: 400 }, (_, seed) => sampleScene(seed, sizes[seed % sizes.length]!));

describe('sampleScene', () => {
  it('gives the same scene for the same seed and another for the next', () => {
    const size = { width: 640, height: 480 };
    expect(sampleScene(7, size)).toEqual(sampleScene(7, size));
    const { shapes, background, noiseSeed } = sampleScene(8, size);
    expect(sampleScene(7, size)).not.toMatchObject({ shapes });
    expect(sampleScene(7, size)).not.toMatchObject({ background });
    expect(sampleScene(7, size)).not.toMatchObject({ noiseSeed });
  });

  it('keeps a known scene as it is, on every machine', () => {
    const { shapes, jpegQuality, noiseSigma } = sampleScene(900000, { width: 640, height: 480 });
    const seen = shapes.map(({ colour, kind, cell }) => `${colour} ${kind} in ${cell}`);
    expect({ seen, jpegQuality, noiseSigma }).toMatchInlineSnapshot(`
      {
        "jpegQuality": 72,
        "noiseSigma": 2,
        "seen": [
          "white square in 2",
          "green triangle in 7",
        ],
      }
    `);
  });

  it('keeps every shape inside its own cell', () => {
    for (const { width, height, shapes, seed } of scenes) {
      for (const shape of shapes) {
        const column = shape.cell % 3;
        const row = Math.floor(shape.cell / 3);
        for (const [x, y] of shapeOutline(shape)) {
          expect(x, `seed ${seed}`).toBeGreaterThanOrEqual((column * width) / 3);
          expect(x, `seed ${seed}`).toBeLessThanOrEqual(((column + 1) * width) / 3);
          expect(y, `seed ${seed}`).toBeGreaterThanOrEqual((row * height) / 3);
          expect(y, `seed ${seed}`).toBeLessThanOrEqual(((row + 1) * height) / 3);
        }
      }
    }
  });

  it('lists shapes in cell order and puts no two into one cell', () => {
    for (const { shapes } of scenes) {
      const cells = shapes.map((shape) => shape.cell);
      expect(cells).toEqual([...new Set(cells)].sort((a, b) => a - b));
    }
  });

  it('mostly shows one to three shapes, in every colour, kind and cell', () => {
    const counts = scenes.map((scene) => scene.shapes.length);
    for (const count of [1, 2, 3]) expect(counts.filter((n) => n === count).length).toBeGreaterThan(80);
    expect(counts.filter((n) => n === 0).length).toBeGreaterThan(4);
    expect(counts.filter((n) => n === 0).length).toBeLessThan(40);
    const shapes = scenes.flatMap((scene) => scene.shapes);
    expect(new Set(shapes.map((shape) => `${shape.colour} ${shape.kind}`)).size).toBe(15);
    expect(new Set(shapes.map((shape) => shape.cell)).size).toBe(9);
  });

  it('refuses a frame too small to show a shape', () => {
    expect(() => sampleScene(1, { width: 640, height: 47 })).toThrow(RangeError);
    expect(() => sampleScene(1, { width: 640.5, height: 480 })).toThrow(RangeError);
  });

  it('is of large shapes unless told otherwise, with the radii that the demo model was trained on', () => {
    for (const { seed, width, height, shapes } of scenes) {
      expect(sampleScene(seed, { width, height }, 'large').shapes).toEqual(shapes);
      const side = Math.min(width, height);
      for (const { radiusPx } of shapes) {
        expect(radiusPx / side).toBeGreaterThanOrEqual(0.09);
        expect(radiusPx / side).toBeLessThanOrEqual(0.135);
      }
    }
  });

  it('keeps a known large scene as it is to the last digit', () => {
    const { shapes, background, blurSigmaPx, noiseSeed } = sampleScene(900001, { width: 1280, height: 720 });
    const numbers = [
      ...shapes.flatMap(({ radiusPx, rotationDegrees, centrePx, rgb }) => [
        radiusPx,
        rotationDegrees,
        ...centrePx,
        ...rgb,
      ]),
      ...background.corners.flat(),
      ...[blurSigmaPx, noiseSeed],
    ];
    expect(createHash('sha256').update(JSON.stringify(numbers)).digest('hex')).toBe(
      '744336957ba9260fe770f5abbb65af569538dff311d8f56c4e9d0674585a68c6',
    );
  });

  it('shows the same with small shapes: kinds, colours, cells and light', () => {
    const size = { width: 640, height: 480 };
    for (let seed = 0; seed < 200; seed++) {
      const large = sampleScene(seed, size);
      const small = sampleScene(seed, size, 'small');
      const seen = ({ shapes }: typeof large): object[] =>
        shapes.map(({ colour, kind, cell, rgb, rotationDegrees }) => ({
          colour,
          kind,
          cell,
          rgb,
          rotationDegrees,
        }));
      expect(seen(small)).toEqual(seen(large));
      expect({ ...small, shapes: [] }).toEqual({ ...large, shapes: [] });
      for (const { radiusPx } of small.shapes) {
        expect(radiusPx / 480).toBeGreaterThanOrEqual(0.03);
        expect(radiusPx / 480).toBeLessThanOrEqual(0.05);
      }
    }
  });

  it('mixes large and small shapes, also within one scene', () => {
    const size = { width: 640, height: 480 };
    const mixed = Array.from({ length: 300 }, (_, seed) => sampleScene(seed, size, 'mixed').shapes);
    const isSmall = mixed.map((shapes) => shapes.map(({ radiusPx }) => radiusPx < 0.07 * 480));
    const share = isSmall.flat().filter((small) => small).length / isSmall.flat().length;
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.6);
    expect(isSmall.some((each) => each.includes(true) && each.includes(false))).toBe(true);
  });

  it('refuses a frame in which small shapes cannot be told apart', () => {
    const size = { width: 640, height: 159 };
    expect(() => sampleScene(1, size, 'small')).toThrow(
      /small shapes needs whole sides of at least 160 pixels/,
    );
    expect(() => sampleScene(1, size, 'mixed')).toThrow(RangeError);
    expect(sampleScene(1, size).height).toBe(159);
  });
});
