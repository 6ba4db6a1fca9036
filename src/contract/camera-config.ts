import { z } from 'zod';
import type { CameraSettings } from '../domain/camera-settings.ts';
import { name } from './fields.ts';

/** The limits of a camera's interval, in seconds: those of the config file. */
export const intervalLimitsS = { min: 0.1, max: 24 * 86_400 } as const;

const paused = z.boolean().describe('A paused camera is not looked at; requests are still answered');
const intervalS = z
  .number()
  .min(intervalLimitsS.min)
  .max(intervalLimitsS.max)
  .describe('How often the camera is looked at, in seconds');
const prompt = name.describe('Name of one of the prompts');

export const cameraConfigSchema = z.strictObject({ paused, interval_s: intervalS, prompt });

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

export type CameraConfigPayload = z.output<typeof cameraConfigSchema>;

export function cameraConfigPayload({ paused, intervalMs, prompt }: CameraSettings): CameraConfigPayload {
  return { paused, interval_s: intervalMs / 1000, prompt };
}
