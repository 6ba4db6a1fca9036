import { EngineError } from '../../domain/errors.ts';
import type { Picture, Size } from '../../domain/frame.ts';
import { loadSharp, sharpFault } from '../../system/sharp.ts';

/** Decoded pixels: height x width x 3 bytes. */
export interface RgbPicture extends Size {
  readonly rgb: Uint8Array;
}

/** Decodes JPEG, PNG or WebP, turned as its EXIF orientation says. @throws EngineError BAD_PICTURE */
export async function decodePicture({ bytes, size, pixels }: Picture): Promise<RgbPicture> {
  if (pixels === 'rgb24') return { rgb: bytes, ...size };
  const sharp = await loadSharp();
  try {
    const image = sharp(bytes, { failOn: 'error' }).autoOrient().removeAlpha().toColourspace('srgb');
    const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return { rgb: data, width: info.width, height: info.height };
  } catch (cause) {
    throw new EngineError('BAD_PICTURE', `the picture cannot be decoded: ${sharpFault(cause)}`, { cause });
  }
}
