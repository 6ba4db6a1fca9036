import { z } from 'zod';
import { bytes } from './units.ts';

/** Described pictures that are kept to be labelled. */
export const collect = z.strictObject({
  keep: z.int().min(1).max(10_000).default(200).describe('Maximum number of pictures'),
  max_size: bytes
    .prefault('64MiB')
    .refine((size) => size >= 1 << 20, 'must be at least 1MiB')
    .describe('Maximum size of all pictures together'),
});
