import { ulid } from 'ulid';
import type { Frame } from '../domain/frame.ts';
import type { Camera, CaptureOptions } from './ports.ts';

export interface CapturedFrame {
  readonly frame: Frame;
  /** By the monotonic clock. */
  readonly captureStart: number;
}

/** The same picture as a frame of its own, as each observation needs an id. */
export function frameAgain(frame: Frame): Frame {
  return { ...frame, id: ulid(frame.capturedAt.getTime()) };
}

/** Captures a picture and gives it an id that sorts by capture time. Rejects with the camera's error. */
export async function captureFrame(
  camera: Camera,
  signal: AbortSignal,
  options: CaptureOptions,
): Promise<CapturedFrame> {
  const captureStart = performance.now();
  const askedAt = new Date();
  const picture = await camera.capture(signal, options);
  const capturedAt = picture.takenAt ?? askedAt;
  signal.throwIfAborted();
  const frame: Frame = {
    id: ulid(capturedAt.getTime()),
    camera: camera.name,
    capturedAt,
    captureMs: performance.now() - captureStart,
    picture,
  };
  return { frame, captureStart };
}
