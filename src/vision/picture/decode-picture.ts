import type Sharp from 'sharp';
import { EngineError, messageOf } from '../../domain/errors.ts';
import type { Picture, Size } from '../../domain/frame.ts';

/** Decoded pixels: height x width x 3 bytes. */
export interface RgbPicture extends Size {
  readonly rgb: Uint8Array;
}

let loaded: Promise<typeof Sharp> | null = null;

/**
 * Loads sharp, which otherwise the first picture does: its libraries take as long to load as Node itself, and the process
 * that sizes a model needs none of them.
 */
export function loadSharp(): Promise<typeof Sharp> {
  loaded ??= import('sharp').then(({ default: sharp }) => sharp);
  return loaded;
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
    throw new EngineError('BAD_PICTURE', `the picture cannot be decoded: ${messageOf(cause)}`, { cause });
  }
}
