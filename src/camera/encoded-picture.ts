import { CameraError } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import { sharpFault } from '../system/sharp.ts';
import { pictureSizeOf } from './picture-size.ts';

/**
 * A JPEG, PNG or WebP file as a picture. Its size is the one after EXIF orientation, which all code that decodes a picture
 * applies. Rejects with a CameraError that begins with `fault` if the file's header cannot be read.
 */
export async function encodedPicture(bytes: Uint8Array, fault: string, takenAt?: Date): Promise<Picture> {
  try {
    return { bytes, size: await pictureSizeOf(bytes), ...(takenAt && { takenAt }) };
  } catch (cause) {
    throw new CameraError(`${fault}: not a readable picture: ${sharpFault(cause)}`, { cause });
  }
}
