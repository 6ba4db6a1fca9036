import { z } from 'zod';
import { count, ulid, utc } from './fields.ts';

/** The MQTT 5 user properties of a published picture. */
export const imagePropertiesSchema = z.strictObject({
  id: ulid.describe('Id of the frame: that of its description and answers'),
});

/** Says which frame the picture on `image` is: for MQTT 3.1.1, which has no user properties. */
export const imageInfoSchema = z.strictObject({
  id: ulid.describe('Id of the frame: that of its description and answers'),
  captured_at: utc,
  width: count.describe('Of the JPEG, in pixels'),
  height: count,
  sha256: z
    .string()
    .length(64)
    .describe('Of the JPEG on `image`: if it is that of the picture, they belong together'),
});

export type ImageInfoPayload = z.output<typeof imageInfoSchema>;
