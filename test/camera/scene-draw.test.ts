import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import type { Scene } from '../../src/camera/scene-layout.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';

const size = { width: 320, height: 240 };

interface Pixels {
  readonly data: Buffer;
  readonly width: number;
}

async function decode(jpeg: Buffer): Promise<Pixels> {
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width };
}

/** Mean colour of the square of 2 * reach + 1 pixels around a point. */
function meanColour({ data, width }: Pixels, [x, y]: readonly [number, number], reach: number): number[] {
  const sum = [0, 0, 0];
  for (let row = Math.round(y) - reach; row <= Math.round(y) + reach; row++) {
    for (let column = Math.round(x) - reach; column <= Math.round(x) + reach; column++) {
      for (const channel of [0, 1, 2]) sum[channel]! += data[(row * width + column) * 3 + channel]!;
    }
  }
  return sum.map((levels) => levels / (2 * reach + 1) ** 2);
}

function differs(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((level, channel) => Math.abs(level - b[channel]!)));
}

describe('drawScene', () => {
  it('draws a JPEG of the scene size', async () => {
    const { format, width, height } = await sharp(await drawScene(sampleScene(1, size))).metadata();
    expect({ format, width, height }).toEqual({ format: 'jpeg', ...size });
  });

  it('draws the same bytes for the same scene and others for another seed', async () => {
    const first = await drawScene(sampleScene(3, size));
    expect((await drawScene(sampleScene(3, size))).equals(first)).toBe(true);
    expect((await drawScene(sampleScene(4, size))).equals(first)).toBe(false);
  });

  it("shows each shape's colour at its centre, and the background outside it", async () => {
    let shown = 0;
    for (let seed = 10; seed < 40; seed++) {
      const scene = sampleScene(seed, size);
      const pixels = await decode(await drawScene(scene));
      const bare = await decode(await drawScene({ ...scene, shapes: [] }));
      for (const { centrePx, rgb, radiusPx } of scene.shapes) {
        expect(differs(meanColour(pixels, centrePx, 4), rgb), `seed ${seed}`).toBeLessThan(12);
        const outside = [centrePx[0], centrePx[1] + radiusPx * 1.3 + 4] as const;
        if (outside[1] > size.height - 6) continue;
        const difference = differs(meanColour(pixels, outside, 1), meanColour(bare, outside, 1));
        expect(difference, `seed ${seed}`).toBeLessThan(30);
        shown++;
      }
    }
    expect(shown).toBeGreaterThan(20);
  });

  it('draws each kind with its own outline', async () => {
    const scene = sampleScene(5, size);
    const covered = async (kind: 'circle' | 'square' | 'triangle'): Promise<string> => {
      const alone: Scene = {
        ...scene,
        background: { ...scene.background, corners: [black, black, black, black] },
        noiseSigma: 0,
        shapes: [
          {
            colour: 'white',
            kind,
            cell: 4,
            rgb: [255, 255, 255],
            centrePx: [160, 120],
            radiusPx: 30,
            rotationDegrees: 0,
          },
        ],
      };
      const pixels = await decode(await drawScene(alone));
      const probes = [
        [160, 146],
        [160, 94],
        [183, 143],
      ] as const;
      return probes.map((probe) => (meanColour(pixels, probe, 1)[0]! > 128 ? 'x' : '.')).join('');
    };
    // Below the centre, above it, and in the corner below on the right.
    expect(await covered('circle')).toBe('xx.');
    expect(await covered('square')).toBe('..x');
    expect(await covered('triangle')).toBe('.x.');
  });

  it('has the noise and the JPEG loss of the scene', async () => {
    const scene = { ...sampleScene(6, size), noiseSigma: 0 };
    const noisy = await drawScene({ ...scene, noiseSigma: 11 });
    expect(noisy.length).toBeGreaterThan((await drawScene(scene)).length * 1.5);
    const coarse = await drawScene({ ...scene, noiseSigma: 11, jpegQuality: 60 });
    const fine = await drawScene({ ...scene, noiseSigma: 11, jpegQuality: 95 });
    expect(fine.length).toBeGreaterThan(coarse.length * 1.5);
  });
});

const black = [0, 0, 0] as const;
