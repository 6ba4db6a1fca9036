import { z } from 'zod';
import { bytes } from './units.ts';

/** Whether, and how, a camera's described pictures are published. */
export const image = z.strictObject({
  enabled: z.boolean().default(false).describe('true: whoever may read the topic sees what the camera sees'),
  width: z
    .int()
    .min(16)
    .max(16_384)
    .nullable()
    .default(null)
    .describe('Wider pictures are made smaller; null: as they come'),
  quality: z.int().min(1).max(100).default(80).describe('Of the JPEG'),
  max_size: bytes
    .prefault('1MiB')
    .refine((size) => size >= 4096, 'must be at least 4KiB')
    .describe('A larger JPEG is made smaller; so is one that is larger than the broker takes'),
});
