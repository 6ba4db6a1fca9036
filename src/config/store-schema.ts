import { z } from 'zod';
import { bytes, duration, path } from './units.ts';

const outbox = z.strictObject({
  max_entries: z.int().min(1).max(10_000_000).default(10_000).describe('Maximum number of descriptions'),
  max_size: bytes
    .prefault('64MiB')
    .refine((bytes) => bytes >= 1 << 20, 'must be at least 1MiB')
    .describe('Maximum size of all descriptions together'),
  max_age: duration
    .prefault('7d')
    .describe('Maximum time a description waits for the broker, counted only while Scenecast runs'),
  replay: duration
    .prefault('35m')
    .describe('How long a delivered description is kept, to be sent again if the broker loses it'),
});

/** State that survives a restart. */
export const store = z.strictObject({
  folder: path
    .nullable()
    .default(null)
    .describe(
      'Folder for state that survives a restart; null: $STATE_DIRECTORY (set by systemd), else ~/.local/state/scenecast',
    ),
  outbox: outbox.prefault({}).describe('Descriptions waiting for the broker'),
});
