import { z } from 'zod';
import { bytes, duration } from './units.ts';

const outbox = z.strictObject({
  max_entries: z.int().min(1).max(10_000_000).default(10_000).describe('Descriptions kept at most'),
  max_size: bytes
    .prefault('64MiB')
    .refine((bytes) => bytes >= 1 << 20, 'must be at least 1MiB')
    .describe('All of them together'),
  max_age: duration
    .prefault('7d')
    .describe(
      'A description that has waited for a broker for longer is dropped; counted while Scenecast runs',
    ),
  replay: duration
    .prefault('35m')
    .describe('How long a delivered description is kept, to be sent again if the broker loses it'),
});

/** What must survive a restart. */
export const store = z.strictObject({
  folder: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Where what must survive a restart is kept. null: $STATE_DIRECTORY, as systemd sets it, else ~/.local/state/scenecast',
    ),
  outbox: outbox.prefault({}).describe('Descriptions on their way to the broker'),
});
