import { z } from 'zod';
import { bytes, duration, name } from './units.ts';

/** Worker boards: describing images for other boards, and sending frames to them. */
export const work = z.strictObject({
  pool: name.nullable().default(null).describe('Pool that this board describes images for; null: none'),
  max_in_flight: z
    .int()
    .min(1)
    .max(100)
    .default(1)
    .describe('Images that the broker may send to this board before one is answered'),
  max_image: bytes
    .prefault('8MiB')
    .refine((bytes) => bytes >= 65_536 && bytes <= 256 * 2 ** 20, 'must be from 64KiB to 256MiB')
    .describe('Larger image files are refused'),
  sending: z
    .strictObject({
      pool: name.nullable().default(null).describe('Pool that the frames are sent to; null: any'),
      concurrency: z
        .int()
        .min(1)
        .max(100)
        .default(4)
        .describe('Maximum frames with the pool at once; one per camera'),
      deadline: duration
        .prefault('2m')
        .describe('Time for the pool to describe a frame; then `fallback` applies'),
      fallback: z
        .enum(['own', 'expire'])
        .default('own')
        .describe('own: the engine of this board describes it. expire: it expires; no model is loaded'),
    })
    .prefault({})
    .describe('How frames are sent when `engine` is `pool`'),
});
