import { z } from 'zod';
import type { CameraSettings } from '../domain/camera-settings.ts';
import type { HoursState } from '../domain/working-hours.ts';
import { name, utc } from './fields.ts';

/** The limits of a camera's interval, in seconds: those of the config file. */
export const intervalLimitsS = { min: 0.1, max: 24 * 86_400 } as const;

const paused = z.boolean().describe('A paused camera is not looked at; requests are still answered');
const intervalS = z
  .number()
  .min(intervalLimitsS.min)
  .max(intervalLimitsS.max)
  .describe('How often the camera is looked at, in seconds');
const prompt = name.describe('Name of one of the prompts');

export const cameraSettingsSchema = z.strictObject({ paused, interval_s: intervalS, prompt });

export const cameraConfigSchema = cameraSettingsSchema.extend({
  hours: z
    .strictObject({
      open: z.boolean().describe('false: the camera is not looked at now; requests are still answered'),
      until: utc.nullable().describe('When that changes; null: not within a week'),
    })
    .nullable()
    .describe("The camera's working hours; null: it has none and is looked at at all times"),
});

/** The settings of a camera that MQTT may change: the JSON payload of `set/<setting>`, and the field it sets. */
export const settings = {
  paused: { payload: paused, field: 'paused' },
  interval: { payload: intervalS, field: 'intervalMs' },
  prompt: { payload: prompt, field: 'prompt' },
} as const satisfies Record<string, { payload: z.ZodType; field: keyof CameraSettings }>;

export type Setting = keyof typeof settings;

export const settingNames = Object.keys(settings) as readonly Setting[];

/** The change that a valid payload of `set/<setting>` makes. */
export function settingChange(setting: Setting, payload: unknown): Partial<CameraSettings> {
  const value = setting === 'interval' ? Math.round((payload as number) * 1000) : payload;
  return { [settings[setting].field]: value };
}

export type CameraSettingsPayload = z.output<typeof cameraSettingsSchema>;
export type CameraConfigPayload = z.output<typeof cameraConfigSchema>;

export function cameraSettingsPayload({ paused, intervalMs, prompt }: CameraSettings): CameraSettingsPayload {
  return { paused, interval_s: intervalMs / 1000, prompt };
}

export function cameraConfigPayload(settings: CameraSettings, hours: HoursState | null): CameraConfigPayload {
  return {
    ...cameraSettingsPayload(settings),
    hours: hours && { open: hours.open, until: hours.until?.toISOString() ?? null },
  };
}
