import { z } from 'zod';
import { displayName } from '../contract/fields.ts';
import { deviceClasses } from '../contract/questions.ts';
import type { Rule } from '../domain/rule.ts';
import { type AskedAnswers, ConditionFault, conditionExamples, readCondition } from './read-condition.ts';
import { duration } from './units.ts';

const mustAgree = 'must be such as 2 of 3: more than half of the last 1 to 20 answers';

const agree = z
  .string({ error: mustAgree })
  .regex(/^\d{1,2} of \d{1,2}$/, mustAgree)
  .transform((text) => {
    const [votes = 0, of = 0] = text.split(' of ').map(Number);
    return { votes, of };
  })
  .refine(({ votes, of }) => votes <= of && votes > of / 2 && of <= 20, mustAgree);

/** A rule of a camera. `readRules` reads its condition, which depends on the camera's questions. */
export const rule = z.strictObject({
  name: displayName.nullable().default(null).describe('Shown to people; null: made from its key'),
  when: z
    .union([z.string(), z.record(z.string(), z.unknown())], { error: `must be ${conditionExamples}` })
    .describe('The condition: a question, a comparison, { not: ... }, { all: [...] } or { any: [...] }'),
  agree: agree.prefault('1 of 1').describe('How many of the last answers must agree'),
  hold: duration
    .nullable()
    .default(null)
    .describe('How long the answers must agree before the rule turns on or off; null: at once'),
  cooldown: duration
    .nullable()
    .default(null)
    .describe('Minimum time between two alerts that it is on; null: none'),
  device_class: z
    .enum(deviceClasses)
    .nullable()
    .default(null)
    .describe('What on means to Home Assistant: its class of a binary sensor; null: none'),
});

/** The rules of a valid camera. */
export function rulesOf({
  rules,
  questions,
}: {
  readonly rules: Readonly<Record<string, z.output<typeof rule>>>;
  readonly questions: AskedAnswers;
}): Rule[] {
  return Object.entries(rules).map(([name, { when, agree, hold, cooldown }]) => ({
    name,
    when: readCondition(when, questions),
    agree,
    holdMs: hold ?? 0,
    cooldownMs: cooldown ?? 0,
  }));
}

/** Checks the conditions of rules against the questions of their camera; any part of both may have faults already. */
export function refuseConditions(
  rules: Readonly<Record<string, unknown>>,
  questions: Readonly<Record<string, unknown>>,
  refuse: (path: PropertyKey[], input: unknown, message: string) => void,
): void {
  for (const [name, written] of Object.entries(rules)) {
    const when = (written as { readonly when?: unknown } | null)?.when;
    if (typeof when !== 'string' && (typeof when !== 'object' || when === null)) continue;
    try {
      readCondition(when, questions as AskedAnswers);
    } catch (error) {
      if (!(error instanceof ConditionFault)) throw error;
      refuse([name, 'when', ...error.path], error.input, error.message);
    }
  }
}
