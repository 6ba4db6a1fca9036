import { z } from 'zod';
import { type Setting, settingNames } from '../contract/camera-config.ts';
import { duration } from './units.ts';

const setting = z.enum(settingNames);

/** What may be asked and changed over MQTT. */
export const commands = z
  .strictObject({
    describe: z.boolean().default(true).describe('Whether a description may be requested'),
    ask: z.boolean().default(false).describe('Whether questions in free words may be asked'),
    restart: z.boolean().default(true).describe('Whether the engine may be started anew'),
    set: z
      .union([z.boolean(), z.array(setting)], {
        error: `must be true, false, or a list of ${settingNames.join(', ')}`,
      })
      .default(true)
      .describe(
        `What may be changed of a camera: true (all), false, or a list of ${settingNames.join(', ')}`,
      ),
    rate: z.number().min(0.01).max(1000).default(5).describe('Commands a second, in the long run'),
    burst: z.int().min(1).max(1000).default(20).describe('And at once'),
    timeout: duration.prefault('15m').describe('A command that is not carried out by then has expired'),
  })
  .describe('What may be asked and changed over MQTT');

/** The settings that may be changed. */
export function settableOf({ set }: z.output<typeof commands>): readonly Setting[] {
  return typeof set === 'boolean' ? (set ? settingNames : []) : set;
}
