import { isDeepStrictEqual } from 'node:util';
import { CameraError } from '../domain/errors.ts';
import type { Picture, Size } from '../domain/frame.ts';
import type { Camera, CaptureOptions } from '../pipeline/ports.ts';
import { loadSharp, sharpFault } from '../system/sharp.ts';
import { type Polygon, spansAt } from './polygon.ts';

/** High enough that the second compression does not affect a model. */
const jpegQuality = 92;

/**
 * A camera with privacy masks, which are painted black before the picture is passed on. A file becomes a JPEG without
 * metadata, since an EXIF preview would show the masked areas; raw pixels stay raw pixels.
 */
export class MaskedCamera implements Camera {
  readonly #camera: Camera;
  readonly #masks: () => readonly Polygon[];

  /**
   * @param masks asked for each picture once it has been captured, so that a new mask covers it already
   */
  constructor(camera: Camera, masks: () => readonly Polygon[]) {
    this.#camera = camera;
    this.#masks = masks;
  }

  get name(): string {
    return this.#camera.name;
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#camera.start(signal);
  }

  /** Also rejects with a CameraError if the masks cannot be painted: no picture is passed on unmasked. */
  async capture(signal: AbortSignal, options: CaptureOptions = {}): Promise<Picture> {
    const picture = await this.#camera.capture(signal, options);
    for (;;) {
      const masks = this.#masks();
      if (masks.length === 0) return picture;
      try {
        const painted = await paintMasks(picture, masks);
        // A mask may be drawn while the others are painted.
        if (!isDeepStrictEqual(masks, this.#masks())) continue;
        return picture.takenAt ? { ...painted, takenAt: picture.takenAt } : painted;
      } catch (cause) {
        throw new CameraError(`the privacy masks cannot be painted: ${sharpFault(cause)}`, { cause });
      }
    }
  }

  async release(): Promise<void> {
    await this.#camera.release?.();
  }

  close(): Promise<void> {
    return this.#camera.close();
  }
}

/** The picture with EXIF orientation applied and the masks in black. Decodes and encodes off the event loop. */
async function paintMasks({ bytes, size, pixels }: Picture, masks: readonly Polygon[]): Promise<Picture> {
  if (pixels === 'rgb24') {
    const rgb = Uint8Array.from(bytes);
    blacken(rgb, size, masks);
    return { bytes: rgb, size, pixels };
  }
  const sharp = await loadSharp();
  const { data, info } = await sharp(bytes, { failOn: 'error' })
    .autoOrient()
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels !== 3) throw new TypeError(`${channels} channels instead of 3`);
  blacken(data, { width, height }, masks);
  const jpeg = await sharp(data, { raw: { width, height, channels } })
    .jpeg({ quality: jpegQuality })
    .toBuffer();
  return { bytes: jpeg, size: { width, height } };
}

/** Paints masks into rgb24 pixels, including partly covered pixels of a row. */
function blacken(rgb: Uint8Array, { width, height }: Size, masks: readonly Polygon[]): void {
  for (const mask of masks) {
    for (let row = 0; row < height; row++) {
      for (const [from, to] of spansAt(mask, (row + 0.5) / height)) {
        const first = Math.max(0, Math.floor(from * width));
        const end = Math.min(width, Math.ceil(to * width));
        if (first < end) rgb.fill(0, (row * width + first) * 3, (row * width + end) * 3);
      }
    }
  }
}
