/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A picture as its camera gave it: decoded only if its pixels are needed. */
export interface Picture {
  readonly size: Size;
  /** A JPEG, PNG or WebP file, or bare pixels. */
  readonly bytes: Uint8Array;
  /** What the bytes are, if not a file: 'rgb24' is height x width x 3 bytes. */
  readonly pixels?: 'rgb24';
  /** When the camera took it; default: when the capture began. */
  readonly takenAt?: Date;
}

/** One captured picture on its way through the pipeline; the id stays the same in every message about it. */
export interface Frame {
  /** ULID, so that ids sort by capture time. */
  readonly id: string;
  readonly camera: string;
  readonly capturedAt: Date;
  /** How long the capture took. */
  readonly captureMs: number;
  readonly picture: Picture;
}
