const markers = { exif: 0xe1, startOfScan: 0xda } as const;

/** Whether a JPEG has an Exif segment, which may turn the picture. Reads nothing beyond the header. */
export function hasExif(jpeg: Uint8Array): boolean {
  for (let at = 2; at + 8 <= jpeg.length && jpeg[at] === 0xff; ) {
    const marker = jpeg[at + 1]!;
    if (marker === markers.startOfScan) return false;
    if (marker === markers.exif && Buffer.from(jpeg.subarray(at + 4, at + 8)).toString('latin1') === 'Exif')
      return true;
    at += 2 + jpeg[at + 2]! * 256 + jpeg[at + 3]!;
  }
  return false;
}
