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
});
