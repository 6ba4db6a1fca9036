import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Codes of the errors that the addon (native/v4l2) throws or rejects with, as `error.code`. */
export type V4l2ErrorCode =
  | 'NO_DEVICE' // nothing at that path
  | 'NO_PERMISSION'
  | 'NOT_A_CAMERA' // another kind of file or device, or a video node without capture
  | 'BUSY' // another program streams from it
  | 'UNPLUGGED' // unplugged while open
  | 'NO_BANDWIDTH' // no USB bandwidth left
  | 'REFUSED' // the driver refuses the format
  | 'CONTROL_REFUSED'
  | 'FORMAT_CHANGED' // the source changed while streaming
  | 'NO_FRAME' // no complete picture before the timeout
  | 'DEVICE_FAILED' // the driver's reason is in the message
  | 'CANCELLED'
  | 'CLOSED'
  | 'CALL_PENDING' // another call runs on the device
  | 'INVALID_ARGUMENT'
  | 'OUT_OF_MEMORY'
  | 'INTERNAL';

export interface V4l2Names {
  readonly card: string;
  readonly driver: string;
  /** Where it is plugged in, e.g. "usb-xhci-hcd.1.auto-1". */
  readonly bus: string;
}

/** Seconds from frame to frame; 0/0 if the driver does not report it. */
export interface V4l2Interval {
  readonly numerator: number;
  readonly denominator: number;
}

/** One size in pixels, or a range of sizes: then min and max differ. */
export interface V4l2Size {
  readonly minWidth: number;
  readonly maxWidth: number;
  readonly stepWidth: number;
  readonly minHeight: number;
  readonly maxHeight: number;
  readonly stepHeight: number;
  /** As the driver lists them, or the two ends of a range; empty if it reports none. */
  readonly intervals: readonly V4l2Interval[];
  /** Whether `intervals` are the ends of a range. */
  readonly isIntervalRange: boolean;
}

export interface V4l2Format {
  /** V4L2's four letters, e.g. "YUYV". */
  readonly fourcc: string;
  readonly description: string;
  /** Whether Scenecast can capture this format. */
  readonly isUsable: boolean;
  /** Empty if the driver lists none, or the format is not usable. */
  readonly sizes: readonly V4l2Size[];
}

export interface V4l2Control {
  readonly id: number;
  /** As the driver writes it, e.g. "White Balance, Automatic". */
  readonly name: string;
  readonly type: 'integer' | 'boolean' | 'menu' | 'bitmask' | 'button';
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly defaultValue: number;
  readonly value: number;
  readonly isReadOnly: boolean;
  /** Currently without effect, because another control overrides it. */
  readonly isInactive: boolean;
  readonly menu: readonly { readonly value: number; readonly name: string }[];
}

/** Layout and colour space of a raw picture; the last three are enums of linux/videodev2.h. */
export interface V4l2PixelFormat {
  readonly fourcc: string;
  readonly width: number;
  readonly height: number;
  /** Of the first plane; 0: no padding between lines. */
  readonly bytesPerLine: number;
  readonly colorspace: number;
  readonly ycbcrEncoding: number;
  readonly quantization: number;
}

export interface V4l2StreamRequest {
  readonly fourcc: string;
  readonly width: number;
  readonly height: number;
  /** Default: the driver's own. */
  readonly interval?: V4l2Interval;
}

export interface V4l2Frame {
  /** A JPEG, or rgb24: height x width x 3 bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly isJpeg: boolean;
  readonly width: number;
  readonly height: number;
  readonly sequence: number;
  /** Time since the driver's timestamp; null if that is unusable. */
  readonly ageMs: number | null;
  /** Damaged pictures that were dropped while waiting for this one. */
  readonly damaged: number;
}

/** An open device. One call runs at a time, on the device's own thread; a second rejects with CALL_PENDING. */
export interface V4l2Device {
  names(): Promise<V4l2Names>;
  formats(): Promise<V4l2Format[]>;
  /** Controls with a single number as value. */
  controls(): Promise<V4l2Control[]>;
  /** @throws CONTROL_REFUSED, UNPLUGGED */
  setControl(id: number, value: number): Promise<void>;
  /** Sets format, size and interval; resolves to those the driver chose. @throws REFUSED, BUSY, UNPLUGGED */
  configure(request: V4l2StreamRequest): Promise<V4l2PixelFormat & { readonly interval: V4l2Interval }>;
  /**
   * The next complete picture taken after this call; the first call starts the stream. After a rejection other than
   * CANCELLED or NO_FRAME the device must be closed.
   * @throws NO_FRAME, UNPLUGGED, FORMAT_CHANGED, BUSY, NO_BANDWIDTH, DEVICE_FAILED, CANCELLED
   */
  capture(timeoutMs: number): Promise<V4l2Frame>;
  /** Ends a running capture with CANCELLED. */
  cancel(): void;
  /** Cancels a running call, and resolves when the driver has returned. May be called again. */
  close(): Promise<void>;
}

interface V4l2Addon {
  /** @throws NO_DEVICE, NO_PERMISSION, NOT_A_CAMERA, BUSY */
  open(path: string): Promise<V4l2Device>;
  /** Raw pixels to rgb24, as `capture` does it. @throws INVALID_ARGUMENT */
  convert(format: V4l2PixelFormat, bytes: Uint8Array): Uint8Array<ArrayBuffer>;
  /**
   * The mean Y of each block of a JPEG, row by row, then the mean Cb and Cr, decoded off the event loop; null for files
   * unlike those of cameras (see native/v4l2/src/jpeg-small.h), which need another decoder. @throws INVALID_ARGUMENT
   */
  jpegBlocks(
    jpeg: Uint8Array,
    grid: {
      readonly width: number;
      readonly height: number;
      readonly columns: number;
      readonly rows: number;
    },
  ): Promise<Uint8Array<ArrayBuffer> | null>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
let loaded: V4l2Addon | null = null;

/** Loads the addon. @throws Error that names scripts/build-v4l2.sh if it is not built */
export function loadV4l2Addon(): V4l2Addon {
  const path = `${root}build/native/v4l2.node`;
  if (!loaded && !existsSync(path))
    throw new Error(`${path} is missing: build it with scripts/build-v4l2.sh`);
  loaded ??= createRequire(import.meta.url)(path) as V4l2Addon;
  return loaded;
}
