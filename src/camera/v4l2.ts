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

/** A driver that should let go is not waited for any longer than this. */
const longestCloseMs = 2000;
/** Opening and setting up makes dozens of USB transfers; a crashed camera lets each time out. */
const longestOpenMs = 30_000;

/**
 * A V4L2 camera: opened by the first capture and streaming from then on, which costs next to nothing between captures.
 * After a failed capture it holds nothing any more, and the next capture opens it again.
 */
export class V4l2Camera implements Camera {
  readonly name: string;
  readonly #options: V4l2Options;
  readonly #log: Log;
  readonly #openDevice: (path: string) => Promise<V4l2Device>;
  #device: V4l2Device | null = null;
  /** The opening or capture that runs. */
  #running: Promise<unknown> = Promise.resolve();
  /** Openings and closings that are not waited for any longer, and have not ended. */
  #abandoned = 0;
  readonly #closed = new AbortController();
  /** Joining two signals costs as much as the rest of a look, and whoever looks gives the same one each time. */
  #joined: { readonly signal: AbortSignal; readonly ended: AbortSignal } | null = null;

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

  /** Loads the addon; the device is opened by the first capture. Rejects where the addon is not built. */
  async start(): Promise<void> {
    loadV4l2Addon();
  }

  /** The next picture, taken after this call. Rejects with a CameraError that says why there is none. */
  async capture(signal: AbortSignal): Promise<Picture> {
    const ended = this.#endedBy(signal);
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
    try {
      if (this.#abandoned > 0)
        throw new CameraError(`${path}: the driver hangs; the camera is opened again once it lets go`);
      this.#device ??= await this.#open(ended);
      ended.throwIfAborted();
      // The addon keeps the time itself; past it the driver does not even answer.
      const frame = await inTime(
        this.#device.capture(frameTimeoutMs),
        frameTimeoutMs + longestCloseMs,
        ended,
      );
      if (frame.damaged > 0)
        this.#log.warn({ camera: this.name, damaged: frame.damaged }, 'damaged pictures were dropped');
      return await turnPicture(pictureOf(frame), this.#options);
    } catch (error) {
      await this.#release();
      ended.throwIfAborted();
      throw cameraErrorOf(path, error);
    }
  }

  /** Aborted with the signal, or when the camera is closed; ends the capture that waits. */
  #endedBy(signal: AbortSignal): AbortSignal {
    if (this.#joined?.signal === signal) return this.#joined.ended;
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    const cancel = (): void => {
      // A signal of earlier captures has no say in later ones.
      if (this.#joined?.ended === ended) this.#device?.cancel();
    };
    ended.addEventListener('abort', cancel, { once: true });
    this.#joined = { signal, ended };
    return ended;
  }

  /** Opens the device and sets it up; pictures flow from the first capture on. */
  async #open(ended: AbortSignal): Promise<V4l2Device> {
    const opening = this.#openDevice(this.#options.path);
    const device = await inTime(opening, longestOpenMs, ended).catch((error) => {
      // Should it open after all, nobody wants it any more.
      this.#abandon(opening.then((late) => late.close()));
      throw error;
    });
    try {
      ended.throwIfAborted();
      await inTime(this.#setUp(device), longestOpenMs, ended);
      return device;
    } catch (error) {
      await this.#letGo(device);
      throw error;
    }
  }

  async #setUp(device: V4l2Device): Promise<void> {
    const { path, controls, size } = this.#options;
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
    if (!size || (size.width === format.width && size.height === format.height)) {
      this.#log.info(told, 'camera opened');
      return;
    }
    const wished = `${size.width}x${size.height}`;
    this.#log.warn({ ...told, wished }, 'camera opened with the nearest size it offers');
  }

  async #release(): Promise<void> {
    const device = this.#device;
    this.#device = null;
    if (device) await this.#letGo(device);
  }

  async #letGo(device: V4l2Device): Promise<void> {
    const closing = device.close();
    await inTime(closing, longestCloseMs, this.#closed.signal).catch(() => {
      this.#log.error({ camera: this.name, device: this.#options.path }, 'the driver does not let go');
      this.#abandon(closing);
    });
  }

  /** What a hanging driver holds, a thread and its descriptors, is there until this settles: another try would add to it. */
  #abandon(work: Promise<unknown>): void {
    this.#abandoned++;
    const letGo = (): void => {
      this.#abandoned--;
    };
    work.then(letGo, letGo);
  }
}

/** What the work comes to; rejects once a hanging driver has taken too long, soon after an abort. */
async function inTime<T>(work: Promise<T>, limitMs: number, ended: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let hurry = (): void => {};
  const late = new Promise<never>((_, reject) => {
    const tell = (): void => reject(new Error('the driver hangs'));
    timer = setTimeout(tell, limitMs);
    hurry = () => {
      clearTimeout(timer);
      timer = setTimeout(tell, Math.min(limitMs, longestCloseMs));
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

function pictureOf({ bytes, isJpeg, width, height, ageMs }: V4l2Frame): Picture {
  return {
    size: { width, height },
    bytes: isJpeg ? withHuffmanTables(bytes) : bytes,
    ...(!isJpeg && { pixels: 'rgb24' as const }),
    ...(ageMs !== null && { takenAt: new Date(Date.now() - ageMs) }),
  };
}
