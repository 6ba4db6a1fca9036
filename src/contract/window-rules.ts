import { z } from 'zod';
import { comparisons, type Rule } from '../domain/rule.ts';
import { answer, count, displayName } from './fields.ts';

type Condition = Rule['when'];

const condition: z.ZodType<Condition> = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('compare'),
      question: z.string(),
      is: z.enum(comparisons),
      value: answer,
    }),
    z.strictObject({ kind: z.literal('not'), of: condition }),
    z.strictObject({ kind: z.literal('all'), of: z.array(condition) }),
    z.strictObject({ kind: z.literal('any'), of: z.array(condition) }),
  ]),
);

/** A rule of the config, as the window's page puts it in words. */
export const windowRuleSchema = z.strictObject({
  name: displayName.nullable().describe('Shown to people; null: made from its key'),
  when: condition,
  agree: z.strictObject({ votes: count, of: count }).describe('So many of the last answers must agree'),
  hold_s: z.number().min(0).describe('How long they must agree before it turns on or off'),
  cooldown_s: z.number().min(0).describe('Minimum time between two alerts that it is on'),
});

export type WindowRule = z.output<typeof windowRuleSchema>;

export function windowRule({ when, agree, holdMs, cooldownMs }: Rule, name: string | null): WindowRule {
  return { name, when, agree: { ...agree }, hold_s: holdMs / 1000, cooldown_s: cooldownMs / 1000 };
}
