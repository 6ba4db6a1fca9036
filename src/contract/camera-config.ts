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
const prompt = name.describe('The name of one of the prompts');

export const cameraConfigSchema = z.strictObject({ paused, interval_s: intervalS, prompt });

/** What may be sent to `set/<field>`, as JSON. */
export const settingSchemas = { paused, interval: intervalS, prompt } as const;

/** A part of a camera's config that MQTT may change. */
export type Setting = keyof typeof settingSchemas;

export type CameraConfigPayload = z.output<typeof cameraConfigSchema>;

export function cameraConfigPayload({ paused, intervalMs, prompt }: CameraSettings): CameraConfigPayload {
  return { paused, interval_s: intervalMs / 1000, prompt };
}
