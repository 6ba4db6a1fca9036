import type { Size } from '../domain/frame.ts';
import { loadSharp } from '../system/sharp.ts';
import { jpegMarkers, jpegSegments } from './jpeg-segments.ts';

/** Start of a frame: its header has the size. 0xc4, 0xc8 and 0xcc are other segments. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** The size of a picture file, after EXIF orientation, from its header. Rejects if it cannot be read. */
export async function pictureSizeOf(bytes: Uint8Array): Promise<Size> {
  const size = plainJpegSize(bytes);
  if (size) return size;
  const sharp = await loadSharp();
  const { width, height } = (await sharp(bytes).metadata()).autoOrient;
  return { width, height };
}

/** Null: not a JPEG, or one with EXIF data, which may turn it. */
function plainJpegSize(bytes: Uint8Array): Size | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  const uint16 = (at: number): number => bytes[at]! * 256 + bytes[at + 1]!;
  for (const { marker, at } of jpegSegments(bytes)) {
    if (marker === jpegMarkers.exif || at + 9 > bytes.length) return null;
    if (isFrame(marker)) {
      const [height, width] = [uint16(at + 5), uint16(at + 7)];
      return width > 0 && height > 0 ? { width, height } : null;
    }
  }
  return null;
}
