export interface JpegSegment {
  /** The second byte of its marker. */
  readonly marker: number;
  /** Where the marker begins; its length and its data follow. */
  readonly at: number;
}

/** The segments of a JPEG's header, up to the start of a scan or the first that is not whole (ITU-T T.81, annex B). */
export function* jpegSegments(jpeg: Uint8Array): Generator<JpegSegment> {
  for (let at = 2; at + 4 <= jpeg.length && jpeg[at] === 0xff; ) {
    const marker = jpeg[at + 1]!;
    yield { marker, at };
    if (marker === jpegMarkers.startOfScan) return;
    at += 2 + jpeg[at + 2]! * 256 + jpeg[at + 3]!;
  }
}

export const jpegMarkers = { huffmanTables: 0xc4, startOfScan: 0xda, exif: 0xe1 } as const;
