import { jpegWithin } from '../camera/jpeg-within.ts';
import { messageOf } from '../domain/errors.ts';
import type { Frame } from '../domain/frame.ts';
import type { Log } from '../pipeline/ports.ts';
import type { Outbox } from '../store/outbox.ts';

/** Wide enough to recognise what the description says. */
const limits = { maxWidth: 320, quality: 70, maxBytes: 32 << 10 };

/** Keeps small pictures of described frames in the history. One that cannot be kept is missing there, and no more. */
export function thumbnailKeeper(outbox: Pick<Outbox, 'addThumbnail'>, log: Log): (frame: Frame) => void {
  const keep = async ({ id, camera, picture }: Frame): Promise<void> => {
    try {
      const file = await jpegWithin(picture, limits);
      if (file) outbox.addThumbnail(id, file.bytes);
    } catch (error) {
      log.debug({ camera, reason: messageOf(error) }, 'thumbnail not kept');
    }
  };
  return (frame) => void keep(frame);
}
