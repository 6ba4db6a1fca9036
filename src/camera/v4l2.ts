import { CameraError } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import type { Camera, Log } from '../pipeline/ports.ts';
import { withHuffmanTables } from './jpeg-tables.ts';
import { type Turn, turnPicture } from './turn-picture.ts';
import { loadV4l2Addon, type V4l2Device, type V4l2Frame } from './v4l2-addon.ts';
import { applyControls, type ControlValue, controlSettings } from './v4l2-controls.ts';
import { cameraErrorOf } from './v4l2-errors.ts';
import { chooseFormat, type FormatWish, rateOf } from './v4l2-format-choice.ts';

export interface V4l2Options extends FormatWish, Turn {
  /** /dev/video0, or a stable name below /dev/v4l/by-id or /dev/v4l/by-path. */
  readonly path: string;
  /** By name; see `controlSettings`. */
  readonly controls: Readonly<Record<string, ControlValue>>;
  /** A camera that gives no whole picture for so long has failed. */
  readonly frameTimeoutMs: number;
}

/** A driver that hangs is not waited for any longer than this when it should let go. */
const longestCloseMs = 2000;

/**
 * A V4L2 camera: opened by the first capture and streaming from then on, which costs next to nothing between captures.
 * After a failed capture it holds nothing any more, and the next capture opens it again.
 */
export class V4l2Camera implements Camera {
  readonly name: string;
  readonly #options: V4l2Options;
  readonly #log: Log;
  #device: V4l2Device | null = null;
  /** The opening or capture that runs. */
  #running: Promise<unknown> = Promise.resolve();
  readonly #closed = new AbortController();

  constructor(name: string, options: V4l2Options, log: Log) {
    this.name = name;
    this.#options = options;
    this.#log = log;
  }

  /** Loads the addon; the device is opened by the first capture. Rejects where the addon is not built. */
  async start(): Promise<void> {
    loadV4l2Addon();
  }

  /** The next picture, taken after this call. Rejects with a CameraError that says why there is none. */
  async capture(signal: AbortSignal): Promise<Picture> {
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    ended.throwIfAborted();
    const capture = this.#capture(ended);
    this.#running = capture.catch(() => {});
    return capture;
  }

  /** Ends a running capture and lets the device go. May be called again. */
  async close(): Promise<void> {
    this.#closed.abort(new CameraError(`${this.#options.path}: the camera is closed`));
    await this.#running;
    await this.#release();
  }

  async #capture(ended: AbortSignal): Promise<Picture> {
    const { path, frameTimeoutMs } = this.#options;
    const cancel = (): void => this.#device?.cancel();
    ended.addEventListener('abort', cancel);
    try {
      this.#device ??= await this.#open(ended);
      ended.throwIfAborted();
      const frame = await this.#device.capture(frameTimeoutMs);
      if (frame.damaged > 0)
        this.#log.warn({ camera: this.name, damaged: frame.damaged }, 'damaged pictures were dropped');
      return await turnPicture(pictureOf(frame), this.#options);
    } catch (error) {
      await this.#release();
      ended.throwIfAborted();
      throw cameraErrorOf(path, error);
    } finally {
      ended.removeEventListener('abort', cancel);
    }
  }

  /** Opens the device and sets it up; pictures flow from the first capture on. */
  async #open(ended: AbortSignal): Promise<V4l2Device> {
    const { path, controls, size } = this.#options;
    const device = await loadV4l2Addon().open(path);
    try {
      ended.throwIfAborted();
      const request = chooseFormat(path, await device.formats(), this.#options);
      const format = await device.configure(request);
      await applyControls(device, path, controlSettings(path, await device.controls(), controls));
      const told = {
        camera: this.name,
        device: path,
        format: format.fourcc,
        size: `${format.width}x${format.height}`,
        rate: Math.round(rateOf(format.interval) * 100) / 100,
      };
      const isAsWished = !size || (size.width === format.width && size.height === format.height);
      if (isAsWished) this.#log.info(told, 'camera opened');
      else
        this.#log.warn(
          { ...told, wished: `${size.width}x${size.height}` },
          'camera opened with the nearest size it offers',
        );
      return device;
    } catch (error) {
      await closeInTime(device);
      throw error;
    }
  }

  async #release(): Promise<void> {
    const device = this.#device;
    this.#device = null;
    if (device && !(await closeInTime(device)))
      this.#log.error(
        { camera: this.name, device: this.#options.path },
        'the driver hangs and does not let go',
      );
  }
}

/** Whether the driver let go in time; one that hangs keeps its own thread and nobody else. */
async function closeInTime(device: V4l2Device): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, longestCloseMs, false);
  });
  try {
    return await Promise.race([device.close().then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function pictureOf({ bytes, isJpeg, width, height, ageMs }: V4l2Frame): Picture {
  return {
    size: { width, height },
    bytes: isJpeg ? withHuffmanTables(bytes) : bytes,
    ...(!isJpeg && { pixels: 'rgb24' as const }),
    ...(ageMs !== null && { takenAt: new Date(Date.now() - ageMs) }),
  };
}
