import { z } from 'zod';
import { type CameraVision, visionStates } from '../domain/camera-vision.ts';
import { schemaVersion, utc } from './fields.ts';

export const visionSchema = z.strictObject({
  schema: schemaVersion,
  state: z
    .enum(visionStates)
    .describe(
      'Whether the description and the answers still hold. paused: the camera is paused, or outside its hours. failing: it gives no usable pictures, or the last description failed. stale: no look has succeeded for `stale_after`. current: they hold. The first that applies',
    ),
  since: utc.describe('When this state began. UTC, ISO 8601'),
  reason: z.string().nullable().describe('Why it is not current; null: it is'),
});

export type VisionPayload = z.output<typeof visionSchema>;

export function visionPayload({ state, since, reason }: CameraVision): VisionPayload {
  return { schema: 1, state, since: since.toISOString(), reason };
}
