import { z } from 'zod';
import { namePattern } from '../contract/fields.ts';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration such as `500ms`, `10s`, `5m`, `1h` or `1d`, parsed to whole milliseconds. */
export const duration = z
  .string({ error: 'must be a duration such as 500ms, 10s, 5m or 1h, with its unit' })
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'must be a duration such as 500ms, 10s, 5m or 1h')
  .transform((text) => {
    const [, amount = '0', unit = 'ms'] = /^([\d.]+)([a-z]+)$/.exec(text) ?? [];
    return Math.round(Number(amount) * (unitMs[unit] ?? 1));
  })
  // setTimeout takes no more than 2^31 - 1 ms, and anything under 100 ms would be a busy loop.
  .refine((ms) => ms >= 100 && ms <= 24 * 86_400_000, 'must be from 100ms to 24d');

const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
};

/** An amount of memory or storage such as `2GiB` or `1500MB`, parsed to whole bytes. */
export const bytes = z
  .string({ error: 'must be an amount such as 512MiB or 2GiB, with its unit' })
  .regex(/^\d+(\.\d+)?(B|[KMG]iB|kB|MB|GB)$/, 'must be an amount such as 512MiB or 2GiB')
  .transform((text) => {
    const [, amount = '0', unit = 'MiB'] = /^([\d.]+)([A-Za-z]+)$/.exec(text) ?? [];
    return Math.round(Number(amount) * unitBytes[unit]!);
  });

/** A picture size such as `1280x720`, parsed to pixels; each side 1 to 16384. */
export const size = z
  .string({ error: 'must be a size such as 1280x720' })
  .regex(/^\d{1,5}x\d{1,5}$/, 'must be a size such as 1280x720')
  .transform((text) => {
    const [width = 0, height = 0] = text.split('x').map(Number);
    return { width, height };
  })
  .refine(({ width, height }) => Math.min(width, height) >= 1 && Math.max(width, height) <= 16384, {
    error: 'each side must be 1 to 16384 pixels',
  });

/** A name that becomes one MQTT topic level and one JSON key. */
export const name = z
  .string()
  .regex(namePattern, 'must be 1 to 64 letters, digits, "_" or "-", as it becomes an MQTT topic level');

const fraction = z
  .number({ error: 'must be a number from 0 to 1: a share of the width or height' })
  .min(0, 'must be from 0 to 1: a share of the width or height')
  .max(1, 'must be from 0 to 1: a share of the width or height');

/** A zone of a picture: its corners as [x, y] from [0, 0] at the top left to [1, 1] at the bottom right. */
export const polygon = z
  .array(z.tuple([fraction, fraction], { error: 'must be a corner such as [0.25, 0.5]' }), {
    error: 'must be a list of corners such as [[0, 0], [1, 0], [1, 0.2]]',
  })
  .min(3, 'must have at least three corners such as [[0, 0], [1, 0], [1, 0.2]]');
