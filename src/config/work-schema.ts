import { z } from 'zod';
import { bytes, duration, name } from './units.ts';

/** Worker boards: describing for others, and having others describe. */
export const work = z.strictObject({
  pool: name
    .nullable()
    .default(null)
    .describe('The pool for which this board describes images of others; null: it does not'),
  max_in_flight: z
    .int()
    .min(1)
    .max(100)
    .default(1)
    .describe('Images that the broker may give this board before one has been answered'),
  max_image: bytes
    .prefault('8MiB')
    .refine((bytes) => bytes >= 65_536 && bytes <= 256 * 2 ** 20, 'must be from 64KiB to 256MiB')
    .describe('Larger image files are refused'),
  sending: z
    .strictObject({
      pool: name
        .nullable()
        .default(null)
        .describe('Whose boards describe the frames; null: those of any pool'),
      concurrency: z
        .int()
        .min(1)
        .max(100)
        .default(4)
        .describe('Frames that are with the pool at once, of each camera one at most'),
      deadline: duration
        .prefault('2m')
        .describe('What the pool has not described by then, `fallback` decides'),
      fallback: z
        .enum(['own', 'expire'])
        .default('own')
        .describe("own: the board's own engine describes it. expire: nobody does, and no model is loaded"),
    })
    .prefault({})
    .describe('How frames are sent, where `engine` is `pool`'),
});
