import { z } from 'zod';
import { duration } from './units.ts';

const setting = z.enum(['paused', 'interval', 'prompt']);

/** What may be asked and changed over MQTT. */
export const commands = z
  .strictObject({
    describe: z.boolean().default(true).describe('Whether a description may be requested'),
    ask: z.boolean().default(false).describe('Whether questions in free words may be asked'),
    restart: z.boolean().default(true).describe('Whether the engine may be started anew'),
    set: z
      .union([z.boolean(), z.array(setting)], {
        error: 'must be true, false, or a list of paused, interval and prompt',
      })
      .default(true)
      .describe('What may be changed of a camera: true (all), false, or a list of paused, interval, prompt'),
    rate: z.number().min(0.01).max(1000).default(5).describe('Commands a second, in the long run'),
    burst: z.int().min(1).max(1000).default(20).describe('And at once'),
    timeout: duration.prefault('15m').describe('A command that is not carried out by then has expired'),
  })
  .describe('What may be asked and changed over MQTT');

/** The settings that may be changed. */
export function settableOf({ set }: z.output<typeof commands>): readonly z.output<typeof setting>[] {
  return typeof set === 'boolean' ? (set ? setting.options : []) : set;
}
