import { isVideoAddress } from '../domain/video-address.ts';
import type { Config } from './schema.ts';

const picturePath =
  /\.(jpe?g|mjpe?g|png)\b|mjpe?g|snap|jpg\/image|action=(stream|snapshot)|\/(capture|picture|image\.cgi)\b/i;

/** What could be better in a valid config, one line each: field and remedy. */
export function configAdvice({ cameras }: Config): string[] {
  return Object.entries(cameras).flatMap(([name, { source }]) => {
    if (source.type !== 'ffmpeg' || !/^https?:\/\//i.test(source.input)) return [];
    const path = source.input.replace(/^\w+:\/\/[^/?#]*/, '');
    if (!picturePath.test(path) || isVideoAddress(path)) return [];
    return [
      `cameras.${name}.source.input: seems to be the address of a picture or of motion JPEG; use type: http with url in place of input, which needs no ffmpeg and recognises faulty pictures`,
    ];
  });
}
