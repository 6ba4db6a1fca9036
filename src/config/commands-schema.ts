import { z } from 'zod';
import { type Setting, settingNames } from '../contract/camera-config.ts';
import { duration } from './units.ts';

const setting = z.enum(settingNames);

/** Which commands are allowed over MQTT. */
export const commands = z
  .strictObject({
    describe: z.boolean().default(true).describe('Allow requests for a description'),
    ask: z.boolean().default(false).describe('Allow ad-hoc questions'),
    feedback: z.boolean().default(true).describe('Allow saying what is right about an answer'),
    restart: z.boolean().default(true).describe('Allow restarting the engine and the daemon'),
    watch: z.boolean().default(true).describe('Allow watches: conditions that the board waits for'),
    set: z
      .union([z.boolean(), z.array(setting)], {
        error: `must be true, false, or a list of ${settingNames.join(', ')}`,
      })
      .default(true)
      .describe(
        `Camera settings that may be changed: true (all), false (none), or a list of ${settingNames.join(', ')}`,
      ),
    rate: z.number().min(0.01).max(1000).default(5).describe('Maximum commands per second, sustained'),
    burst: z.int().min(1).max(1000).default(20).describe('Maximum commands at once'),
    timeout: duration.prefault('15m').describe('A command not completed within this time expires'),
  })
  .describe('Which commands are allowed over MQTT');

/** The settings that may be changed. */
export function settableOf({ set }: z.output<typeof commands>): readonly Setting[] {
  return typeof set === 'boolean' ? (set ? settingNames : []) : set;
}
