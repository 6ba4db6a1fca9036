import { CameraError } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import type { Camera } from './ports.ts';

/**
 * The camera's next picture. A camera that gives neither picture nor error within `limitMs` is told to stop, rejected with
 * a CameraError, and waited for no longer: cameras bound their own waits, and this is for what they overlook.
 */
export async function captureInTime(camera: Camera, signal: AbortSignal, limitMs: number): Promise<Picture> {
  const late = new AbortController();
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new CameraError(
      `the camera does not answer: neither a picture nor an error for ${limitMs / 1000} s`,
    );
    reject(error);
    late.abort(error);
  }, limitMs);
  try {
    return await Promise.race([camera.capture(AbortSignal.any([signal, late.signal])), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
