import { CameraError } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import type { Camera, Log } from '../pipeline/ports.ts';
import { encodedPicture } from './encoded-picture.ts';
import { hasExif } from './has-exif.ts';
import { withHuffmanTables } from './jpeg-tables.ts';
import { type Turn, turnPicture } from './turn-picture.ts';
import { loadV4l2Addon, type V4l2Device, type V4l2Frame } from './v4l2-addon.ts';
import { applyControls, type ControlValue, controlSettings } from './v4l2-controls.ts';
import { cameraErrorOf } from './v4l2-errors.ts';
import { chooseFormat, rateOf, type WantedFormat } from './v4l2-format-choice.ts';

export interface V4l2Options extends WantedFormat, Turn {
  /** /dev/video0, or a stable name below /dev/v4l/by-id or /dev/v4l/by-path. */
  readonly path: string;
  /** By name; see `controlSettings`. */
  readonly controls: Readonly<Record<string, ControlValue>>;
  /** A camera without a complete picture for this long has failed. */
  readonly frameTimeoutMs: number;
}

/** Time for a driver call to return after it was cancelled. */
const maxCloseMs = 2000;
/** Opening and setting up takes dozens of USB transfers; with a crashed camera each times out. */
const maxOpenMs = 30_000;

/**
 * A V4L2 camera: opened by the first capture and streaming from then on, which costs almost nothing between captures.
 * A failed capture closes the device, and the next one reopens it.
 */
export class V4l2Camera implements Camera {
  readonly name: string;
  readonly #options: V4l2Options;
  readonly #log: Log;
  readonly #openDevice: (path: string) => Promise<V4l2Device>;
  #device: V4l2Device | null = null;
  /** The opening or capture in progress. */
  #running: Promise<unknown> = Promise.resolve();
  /** Driver calls that timed out and have not returned. */
  #abandoned = 0;
  readonly #closed = new AbortController();
  /** Cached, since AbortSignal.any costs as much as the rest of a look and callers pass the same signal each time. */
  #combined: { readonly signal: AbortSignal; readonly ended: AbortSignal } | null = null;

  constructor(
    name: string,
    options: V4l2Options,
    log: Log,
    openDevice = (path: string): Promise<V4l2Device> => loadV4l2Addon().open(path),
  ) {
    this.name = name;
    this.#options = options;
    this.#log = log;
    this.#openDevice = openDevice;
  }

  /** Loads the addon; the device is opened by the first capture. Rejects if the addon is not built. */
  async start(): Promise<void> {
    loadV4l2Addon();
  }

  /** The next picture taken after this call. Rejects with a CameraError. */
  async capture(signal: AbortSignal): Promise<Picture> {
    const ended = this.#endedBy(signal);
    ended.throwIfAborted();
    const capture = this.#capture(ended);
    this.#running = capture.catch(() => {});
    return capture;
  }

  /** Closes the device until the next capture. */
  async release(): Promise<void> {
    await this.#running;
    await this.#release();
  }

  /** Ends a running capture and closes the device. May be called again. */
  async close(): Promise<void> {
    this.#closed.abort(new CameraError(`${this.#options.path}: the camera is closed`));
    await this.#running;
    await this.#release();
  }

  async #capture(ended: AbortSignal): Promise<Picture> {
    const { path, frameTimeoutMs } = this.#options;
    try {
      if (this.#abandoned > 0)
        throw new CameraError(`${path}: driver call still blocked; the camera is reopened once it returns`);
      this.#device ??= await this.#open(ended);
      ended.throwIfAborted();
      // The addon has its own timeout; beyond it the driver does not respond at all.
      const frame = await inTime(this.#device.capture(frameTimeoutMs), frameTimeoutMs + maxCloseMs, ended);
      if (frame.damaged > 0)
        this.#log.warn({ camera: this.name, damaged: frame.damaged }, 'dropped damaged pictures');
      return await turnPicture(await pictureOf(frame, path), this.#options);
    } catch (error) {
      await this.#release();
      ended.throwIfAborted();
      throw cameraErrorOf(path, error);
    }
  }

  /** Combines the signal with closing the camera; aborting it cancels the pending capture. */
  #endedBy(signal: AbortSignal): AbortSignal {
    if (this.#combined?.signal === signal) return this.#combined.ended;
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    const cancel = (): void => {
      // A signal of earlier captures must not cancel later ones.
      if (this.#combined?.ended === ended) this.#device?.cancel();
    };
    ended.addEventListener('abort', cancel, { once: true });
    this.#combined = { signal, ended };
    return ended;
  }

  /** Opens the device and sets it up; the first capture starts the stream. */
  async #open(ended: AbortSignal): Promise<V4l2Device> {
    const opening = this.#openDevice(this.#options.path);
    const device = await inTime(opening, maxOpenMs, ended).catch((error) => {
      // If it opens after all, it is no longer needed.
      this.#abandon(opening.then((late) => late.close()));
      throw error;
    });
    try {
      ended.throwIfAborted();
      await inTime(this.#setUp(device), maxOpenMs, ended);
      return device;
    } catch (error) {
      await this.#closeDevice(device);
      throw error;
    }
  }

  async #setUp(device: V4l2Device): Promise<void> {
    const { path, controls, size } = this.#options;
    const request = chooseFormat(path, await device.formats(), this.#options);
    const format = await device.configure(request);
    await applyControls(device, path, controlSettings(path, await device.controls(), controls));
    const fields = {
      camera: this.name,
      device: path,
      format: format.fourcc,
      size: `${format.width}x${format.height}`,
      rate: Math.round(rateOf(format.interval) * 100) / 100,
    };
    if (!size || (size.width === format.width && size.height === format.height)) {
      this.#log.info(fields, 'camera opened');
      return;
    }
    const wanted = `${size.width}x${size.height}`;
    this.#log.warn({ ...fields, wanted }, 'camera opened with the nearest size');
  }

  async #release(): Promise<void> {
    const device = this.#device;
    this.#device = null;
    if (device) await this.#closeDevice(device);
  }

  async #closeDevice(device: V4l2Device): Promise<void> {
    const closing = device.close();
    await inTime(closing, maxCloseMs, this.#closed.signal).catch(() => {
      this.#log.error(
        { camera: this.name, device: this.#options.path },
        'driver call still blocked; device not reopened',
      );
      this.#abandon(closing);
    });
  }

  /** Until this settles, the blocked driver call holds a thread and descriptors; another try would hold more. */
  #abandon(work: Promise<unknown>): void {
    this.#abandoned++;
    const settle = (): void => {
      this.#abandoned--;
    };
    work.then(settle, settle);
  }
}

/** Resolves with the work; rejects if the driver has not returned within `limitMs`, or soon after an abort. */
async function inTime<T>(work: Promise<T>, limitMs: number, ended: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let hurry = (): void => {};
  const late = new Promise<never>((_, reject) => {
    const fail = (): void => reject(new Error('driver call blocked'));
    timer = setTimeout(fail, limitMs);
    hurry = () => {
      clearTimeout(timer);
      timer = setTimeout(fail, Math.min(limitMs, maxCloseMs));
    };
  });
  ended.addEventListener('abort', hurry, { once: true });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    ended.removeEventListener('abort', hurry);
  }
}

/** The driver's size is the one before EXIF orientation. */
async function pictureOf({ bytes, isJpeg, width, height, ageMs }: V4l2Frame, path: string): Promise<Picture> {
  const takenAt = ageMs === null ? undefined : new Date(Date.now() - ageMs);
  if (isJpeg && hasExif(bytes)) return encodedPicture(withHuffmanTables(bytes), path, takenAt);
  return {
    size: { width, height },
    bytes: isJpeg ? withHuffmanTables(bytes) : bytes,
    ...(!isJpeg && { pixels: 'rgb24' as const }),
    ...(takenAt && { takenAt }),
  };
}
