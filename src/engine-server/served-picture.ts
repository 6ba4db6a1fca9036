import { messageOf } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import { imageSizeOf, TooManyPixels } from '../system/image-file.ts';
import { ServedError } from './served-error.ts';

/** Of a file. */
export const maxPictureBytes = 8 * 2 ** 20;

/**
 * The picture that a client has sent as base64.
 * @param param where it stands in the request
 * @throws ServedError 400 for what is no picture, 413 for one that is too large
 */
export async function servedPicture(base64: string, param: string): Promise<Picture> {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length === 0) throw new ServedError(400, 'the picture is empty', { param });
  if (bytes.length > maxPictureBytes)
    throw new ServedError(413, `the picture has ${bytes.length} bytes; the maximum is ${maxPictureBytes}`, {
      param,
    });
  try {
    return { bytes, size: await imageSizeOf(bytes, ['image/jpeg', 'image/png', 'image/webp']) };
  } catch (cause) {
    throw new ServedError(
      cause instanceof TooManyPixels ? 413 : 400,
      `the picture cannot be read: ${messageOf(cause)}`,
      {
        param,
        cause,
      },
    );
  }
}

/**
 * The base64 of a `data:` URL.
 * @throws ServedError 400 for any other URL: the board fetches nothing on behalf of a client
 */
export function dataUrlContent(url: string, param: string): string {
  if (!/^data:/i.test(url))
    throw new ServedError(400, 'only data: URLs are accepted; send the picture itself, as base64', { param });
  const comma = url.indexOf(',');
  if (comma < 0 || !/;base64$/i.test(url.slice(0, comma)))
    throw new ServedError(400, 'must be a data: URL in base64, as data:image/jpeg;base64,...', { param });
  return url.slice(comma + 1);
}
