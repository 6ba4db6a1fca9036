import { z } from 'zod';
import { age, bytes } from './units.ts';

/** What is kept of past observations. */
export const history = z
  .strictObject({
    max_age: age.prefault('90d').describe('An observation is deleted by then'),
    max_size: bytes
      .prefault('256MiB')
      .refine((bytes) => bytes >= 64 << 20, 'must be at least 64MiB')
      .describe('Maximum size on disk; the oldest observations are deleted'),
    thumbnails: z
      .boolean()
      .default(false)
      .describe('Keep a small picture of each observation too, with privacy masks painted'),
  })
  .nullable();
