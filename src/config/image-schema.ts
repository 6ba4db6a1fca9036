import { z } from 'zod';
import { bytes } from './units.ts';

/** Whether, and how, a camera's described pictures are published. */
export const image = z.strictObject({
  enabled: z
    .boolean()
    .default(false)
    .describe('true: anyone who may read the topic sees what the camera sees'),
  width: z
    .int()
    .min(16)
    .max(16_384)
    .nullable()
    .default(null)
    .describe('Wider pictures are scaled down; null: original width'),
  quality: z.int().min(1).max(100).default(80).describe('JPEG quality'),
  max_size: bytes
    .prefault('1MiB')
    .refine((size) => size >= 4096, 'must be at least 4KiB')
    .describe("A larger JPEG is scaled down until it fits; so is one above the broker's packet limit"),
});
