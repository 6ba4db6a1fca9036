import { listV4l2Cameras } from '../../src/camera/v4l2-list.ts';
import { bars75, barsError, barsMuted, type Rgb } from './colour-bars.ts';
import { control, never, pixelsOf, type Vivid, withCamera } from './in-vm.ts';
import { expect, type Suite } from './suite.ts';

/** Colours must be correct within 4 levels. */
const maxLevelsOff = 4;
const patterns = { bars75: 0, muted: 2 } as const;
const yuvFormats = ['yuyv', 'uyvy', 'nv12', 'nv21', 'yu12'] as const;
const formats = [...yuvFormats, 'rgb24', 'bgr24', 'grey'] as const;

export async function checkVividFormats(suite: Suite, { webcam, multiPlanar, hdmi }: Vivid): Promise<void> {
  await suite.check('vivid: every usable format is tried', async () => {
    const { cameras } = await listV4l2Cameras();
    const usable = cameras.find(({ path }) => path === webcam)!.formats.filter(({ isUsable }) => isUsable);
    expect(
      usable.length === formats.length,
      `vivid has ${usable.map(({ fourcc }) => fourcc)}; tried are ${formats}`,
    );
    return usable.map(({ fourcc }) => fourcc).join(' ');
  });
  for (const [kind, path] of [
    ['', webcam],
    [', multi-planar', multiPlanar],
  ] as const)
    for (const format of formats) {
      await suite.check(`vivid${kind}: ${format}`, async () => {
        await control(path, 'test_pattern', patterns.bars75);
        return colours(path, format, format === 'grey' ? bars75.map(greyOf) : bars75);
      });
    }
  const encodings = { 'BT.601': 1, 'BT.709': 2 } as const;
  const quantizations = { full: 1, limited: 2 } as const;
  for (const format of yuvFormats)
    await suite.check(`vivid: ${format}, BT.601 and BT.709, full and limited`, async () => {
      await control(webcam, 'test_pattern', patterns.muted);
      try {
        const details: string[] = [];
        for (const encoding of Object.values(encodings))
          for (const quantization of Object.values(quantizations)) {
            await control(webcam, 'y_cbcr_encoding', encoding);
            await control(webcam, 'quantization', quantization);
            details.push(await colours(webcam, format, barsMuted));
          }
        return details.join(', ');
      } finally {
        await control(webcam, 'test_pattern', patterns.bars75);
        await control(webcam, 'y_cbcr_encoding', 0);
        await control(webcam, 'quantization', 0);
      }
    });
  for (const [width, height] of [
    [640, 480],
    [1280, 720],
    [1920, 1080],
    [1000, 700],
  ] as const)
    await suite.check(`vivid: ${width}x${height}`, async () => sizeOf(webcam, width, height));
  // A driver that scales accepts almost any size, and may pad its lines. It remembers how much of the last picture it
  // filled, so a larger one follows a smaller one. vivid scales by at most four.
  for (const [width, height] of [
    [482, 272],
    [1278, 718],
    [654, 366],
  ] as const)
    await suite.check(`vivid, scaled: odd size ${width}x${height}`, async () => sizeOf(hdmi, width, height));
  await suite.check('vivid: turned and mirrored', async () => {
    const mirrored = await withCamera(webcam, { flip: 'horizontal' }, (camera) => camera.capture(never));
    const upsideDown = await withCamera(webcam, { rotation: 180 }, (camera) => camera.capture(never));
    const sideways = await withCamera(webcam, { rotation: 90 }, (camera) => camera.capture(never));
    const reversed = bars75.toReversed();
    const errors = [mirrored, upsideDown].map(({ bytes, size }) => barsError(bytes, size, reversed));
    expect(Math.max(...errors) <= maxLevelsOff, `off by ${errors}`);
    expect(
      sideways.size.width === 180 && sideways.size.height === 320,
      `sideways it is ${JSON.stringify(sideways.size)}`,
    );
  });
  await suite.check('vivid: pictures are new, with their time of capture', async () => {
    await withCamera(webcam, {}, async (camera) => {
      let last = 0;
      for (let look = 0; look < 5; look++) {
        // vivid stamps the time at which a picture was due; an emulated processor draws it later.
        const asked = Date.now();
        const { takenAt } = await camera.capture(never);
        expect(takenAt !== undefined, 'there is no capture time');
        expect(
          takenAt!.getTime() >= asked - 100 && takenAt!.getTime() <= Date.now() + 5,
          `taken ${takenAt!.getTime() - asked} ms after it was asked for`,
        );
        expect(takenAt!.getTime() > last, 'the same picture came twice');
        last = takenAt!.getTime();
        // Long enough for every buffer to become old.
        await new Promise((resolve) => setTimeout(resolve, 1500));
      }
    });
  });
}

async function colours(path: string, format: string, bars: readonly Rgb[]): Promise<string> {
  return withCamera(path, { format }, async (camera, lines) => {
    const picture = await camera.capture(never);
    const error = barsError(await pixelsOf(picture), picture.size, bars);
    expect(error <= maxLevelsOff, `off by ${error} levels: ${JSON.stringify(lines[0])}`);
    return `off by ${error}`;
  });
}

async function sizeOf(path: string, width: number, height: number): Promise<string> {
  return withCamera(path, { size: { width, height }, format: 'yuyv' }, async (camera, lines) => {
    const picture = await camera.capture(never);
    const { size, bytes } = picture;
    expect(
      bytes.length === size.width * size.height * 3,
      `${bytes.length} bytes for ${JSON.stringify(size)}`,
    );
    const isExact = size.width === width && size.height === height;
    const isLogged = JSON.stringify(lines).includes('nearest size');
    expect(isExact !== isLogged, 'a size is logged if and only if it differs');
    const error = barsError(bytes, size, bars75);
    expect(error <= maxLevelsOff, `off by ${error} levels`);
    return `${size.width}x${size.height}, off by ${error}`;
  });
}

/** A colour of vivid in GREY: the luma of BT.709, full range. */
function greyOf([red, green, blue]: Rgb): Rgb {
  const luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return [luma, luma, luma];
}
