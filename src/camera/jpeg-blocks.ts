import { messageOf } from '../domain/errors.ts';
import type { JpegBlocks, Log } from '../pipeline/ports.ts';
import { loadV4l2Addon } from './v4l2-addon.ts';

/**
 * libjpeg-turbo for the gate, at a half to a third of the cost of sharp. null if the addon is not built or cannot be
 * loaded: cameras other than V4L2 work without it.
 */
export function nativeJpegBlocks(log: Log): JpegBlocks | null {
  try {
    const { jpegBlocks } = loadV4l2Addon();
    return (jpeg, size, grid) => jpegBlocks(jpeg, { ...size, ...grid });
  } catch (error) {
    log.debug({ reason: messageOf(error) }, 'gate decodes with sharp');
    return null;
  }
}
