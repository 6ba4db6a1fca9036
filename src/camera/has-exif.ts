import { jpegMarkers, jpegSegments } from './jpeg-segments.ts';

/** Whether a JPEG has an Exif segment, which may turn the picture. Reads nothing beyond the header. */
export function hasExif(jpeg: Uint8Array): boolean {
  for (const { marker, at } of jpegSegments(jpeg))
    if (
      marker === jpegMarkers.exif &&
      Buffer.from(jpeg.subarray(at + 4, at + 8)).toString('latin1') === 'Exif'
    )
      return true;
  return false;
}
