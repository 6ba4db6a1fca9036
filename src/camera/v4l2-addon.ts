import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Codes of the errors that the addon (native/v4l2) throws or rejects with, as `error.code`. */
export type V4l2ErrorCode =
  | 'NO_DEVICE' // nothing is at that path
  | 'NO_PERMISSION'
  | 'NOT_A_CAMERA' // another kind of file or device, or a video node that captures no pictures
  | 'BUSY' // another program streams from it
  | 'UNPLUGGED' // it went away while it was open
  | 'NO_BANDWIDTH' // the USB bus has none left
  | 'REFUSED' // the driver refuses the format
  | 'CONTROL_REFUSED'
  | 'FORMAT_CHANGED' // the source changed while streaming
  | 'NO_FRAME' // no whole picture within the time given
  | 'DEVICE_FAILED' // the message has the driver's reason
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

/** Seconds from frame to frame; 0/0 where the driver does not say. */
export interface V4l2Interval {
  readonly numerator: number;
  readonly denominator: number;
}

/** One size in pixels, or a range of sizes: then least and most differ. */
export interface V4l2Size {
  readonly leastWidth: number;
  readonly mostWidth: number;
  readonly stepWidth: number;
  readonly leastHeight: number;
  readonly mostHeight: number;
  readonly stepHeight: number;
  /** As the driver lists them; the two ends of a range; empty where it does not say. */
  readonly intervals: readonly V4l2Interval[];
  /** Everything between the two ends is offered. */
  readonly isIntervalRange: boolean;
}

export interface V4l2Format {
  /** V4L2's four letters, e.g. "YUYV". */
  readonly fourcc: string;
  readonly description: string;
  /** Whether pictures of this format can be taken. */
  readonly isUsable: boolean;
  /** Empty where the driver does not say, or the format is not usable. */
  readonly sizes: readonly V4l2Size[];
}

export interface V4l2Control {
  readonly id: number;
  /** As the driver writes it, e.g. "White Balance, Automatic". */
  readonly name: string;
  readonly type: 'integer' | 'boolean' | 'menu' | 'bitmask' | 'button';
  readonly least: number;
  readonly most: number;
  readonly step: number;
  readonly standard: number;
  readonly value: number;
  readonly isReadOnly: boolean;
  /** Without effect just now, as another control rules it. */
  readonly isInactive: boolean;
  readonly menu: readonly { readonly value: number; readonly name: string }[];
}

/** A raw picture's layout and what its numbers mean; the last three are enums of linux/videodev2.h. */
export interface V4l2PixelFormat {
  readonly fourcc: string;
  readonly width: number;
  readonly height: number;
  /** Of the first plane; 0: lines follow each other without a gap. */
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
  /** Since the driver's own timestamp; null where that is of no use. */
  readonly ageMs: number | null;
  /** Damaged pictures that were dropped while waiting for this one. */
  readonly damaged: number;
}

/** An open device. One call runs at a time, on the device's own thread; a second rejects with CALL_PENDING. */
export interface V4l2Device {
  names(): Promise<V4l2Names>;
  formats(): Promise<V4l2Format[]>;
  /** Controls whose value is one number. */
  controls(): Promise<V4l2Control[]>;
  /** @throws CONTROL_REFUSED, UNPLUGGED */
  setControl(id: number, value: number): Promise<void>;
  /** Sets format, size and interval; resolves to what the driver made of them. @throws REFUSED, BUSY, UNPLUGGED */
  configure(request: V4l2StreamRequest): Promise<V4l2PixelFormat & { readonly interval: V4l2Interval }>;
  /**
   * The next whole picture taken after this call; the first one starts the stream. After it has rejected with
   * anything but CANCELLED or NO_FRAME the device is of no more use.
   * @throws NO_FRAME, UNPLUGGED, FORMAT_CHANGED, BUSY, NO_BANDWIDTH, DEVICE_FAILED, CANCELLED
   */
  capture(timeoutMs: number): Promise<V4l2Frame>;
  /** Ends a running capture with CANCELLED. */
  cancel(): void;
  /** Cancels what runs, and resolves when the driver has let go. May be called again. */
  close(): Promise<void>;
}

interface V4l2Addon {
  /** @throws NO_DEVICE, NO_PERMISSION, NOT_A_CAMERA, BUSY */
  open(path: string): Promise<V4l2Device>;
  /** Raw pixels to rgb24, as `capture` does it. @throws INVALID_ARGUMENT */
  convert(format: V4l2PixelFormat, bytes: Uint8Array): Uint8Array<ArrayBuffer>;
  /**
   * The mean brightness of each block of a JPEG, row by row, decoded off the event loop; null where the file is not what
   * cameras send (see native/v4l2/src/jpeg-grey.h) and is left to another decoder. @throws INVALID_ARGUMENT
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
