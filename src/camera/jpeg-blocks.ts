import { messageOf } from '../domain/errors.ts';
import type { JpegBlocks, Log } from '../pipeline/ports.ts';
import { loadV4l2Addon } from './v4l2-addon.ts';

/**
 * libjpeg-turbo for the gate, which would else have sharp decode every look at two to three times the cost. null where
 * the addon is not built or cannot be loaded: cameras other than V4L2 do without it.
 */
export function nativeJpegBlocks(log: Log): JpegBlocks | null {
  try {
    const { jpegBlocks } = loadV4l2Addon();
    return (jpeg, size, grid) => jpegBlocks(jpeg, { ...size, ...grid });
  } catch (error) {
    log.debug({ reason: messageOf(error) }, 'the gate decodes with sharp');
    return null;
  }
}
