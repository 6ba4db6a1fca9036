import { CameraError, codeOf, messageOf } from '../domain/errors.ts';
import type { V4l2ErrorCode } from './v4l2-addon.ts';

/** The remedy that an error message names. */
const remedies: Partial<Record<V4l2ErrorCode, string>> = {
  NO_DEVICE: 'check that it is plugged in; `scenecast doctor cameras` lists the cameras',
  NO_PERMISSION:
    'add the user that runs Scenecast to the group video (usermod -aG video USER) and log in again',
  NOT_A_CAMERA: '`scenecast doctor cameras` lists the cameras',
  BUSY: 'stop that program; a V4L2 camera streams to one at a time',
  NO_BANDWIDTH: 'choose a smaller size, a lower rate or format: mjpg, or plug it into another USB port',
  FORMAT_CHANGED: 'it is reopened with its new format',
  NO_FRAME: 'it is stalled, suspended or without a signal',
};

/** The CameraError for an error of opening or capturing; a CameraError is returned unchanged. */
export function cameraErrorOf(path: string, error: unknown): CameraError {
  if (error instanceof CameraError) return error;
  const message = messageOf(error);
  const named = message.startsWith(path) ? message : `${path}: ${message}`;
  const remedy = remedies[v4l2CodeOf(error)];
  return new CameraError(remedy ? `${named}; ${remedy}` : named, { cause: error });
}

/** The addon's code of an error; INTERNAL if it has none. */
export function v4l2CodeOf(error: unknown): V4l2ErrorCode {
  const code = codeOf(error);
  return typeof code === 'string' ? (code as V4l2ErrorCode) : 'INTERNAL';
}
