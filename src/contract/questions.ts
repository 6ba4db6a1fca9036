import { z } from 'zod';
import { modelRoles } from '../domain/model-role.ts';
import type { Question } from '../domain/observation.ts';
import { confidence, displayName, oneLine } from './fields.ts';

/** In letters. */
export const maxAskLength = 500;

/** The sentence that names a language, which a board adds to what it sends to a worker board, in letters. */
export const maxLanguageSentence = 100;

const askOf = (maxLength: number) =>
  z
    .string({ error: 'must be the text of the question' })
    .min(1)
    .max(maxLength)
    .describe('Text of the question');
const ask = askOf(maxAskLength);

const word = oneLine.max(100);

const text = z.strictObject({
  ask,
  type: z.literal('text').optional().describe('The default: free text'),
});
const boolean = z.strictObject({ ask, type: z.literal('boolean') });
const integer = z.strictObject({
  ask,
  type: z.literal('integer'),
  min: z.int().default(0),
  max: z.int().default(100),
});
const choice = z.strictObject({
  ask,
  type: z.literal('enum'),
  values: z
    .array(word)
    .min(1)
    .max(50)
    .refine((values) => new Set(values).size === values.length, 'must not name a value twice')
    .meta({ uniqueItems: true })
    .describe('The answer is one of these'),
});
const string = z.strictObject({
  ask,
  type: z.literal('string'),
  max_length: z.int().min(1).max(500).default(100).describe('In characters'),
});

const inOrder = ({ min, max }: { min: number; max: number }): boolean => min <= max;
const orderFault = 'min must not be above max';

/** A question and the type of its answer. */
export const questionSchema = z.discriminatedUnion('type', [
  text,
  boolean,
  integer.refine(inOrder, orderFault),
  choice,
  string,
]);

const inLanguage = { ask: askOf(maxAskLength + maxLanguageSentence) };
/** A question as a worker board takes it: a free answer may be wanted in a language. */
export const workQuestionSchema = z.discriminatedUnion('type', [
  text.extend(inLanguage),
  boolean,
  integer.refine(inOrder, orderFault),
  choice,
  string.extend(inLanguage),
]);

/** A question of which an answer is either right or wrong. */
export const labelledQuestionSchema = z.discriminatedUnion('type', [
  boolean,
  integer.refine(inOrder, orderFault),
  choice,
]);

export type QuestionSpec = z.output<typeof questionSchema>;

/** Home Assistant's classes of a binary sensor: https://www.home-assistant.io/integrations/binary_sensor/#device-class */
export const deviceClasses = [
  'battery',
  'battery_charging',
  'carbon_monoxide',
  'cold',
  'connectivity',
  'door',
  'garage_door',
  'gas',
  'heat',
  'light',
  'lock',
  'moisture',
  'motion',
  'moving',
  'occupancy',
  'opening',
  'plug',
  'power',
  'presence',
  'problem',
  'running',
  'safety',
  'smoke',
  'sound',
  'tamper',
  'update',
  'vibration',
  'window',
] as const;

/** What a standing question has besides if its answers have a confidence. */
const confident = {
  min_confidence: confidence
    .default(0)
    .describe('An answer of less confidence is null, as it is uncertain; 0: none is'),
};

/** What a standing question has besides. */
const standing = {
  name: displayName.nullable().default(null).describe('Shown to people; null: made from its key'),
  model: z.enum(modelRoles).optional().describe('Which of `models` answers it; default: quick'),
};

/** A standing question of a camera, as in the config file. */
export const standingQuestionSchema = z.discriminatedUnion('type', [
  text.extend(standing),
  boolean.extend({
    ...standing,
    ...confident,
    device_class: z
      .enum(deviceClasses)
      .nullable()
      .default(null)
      .describe('What yes means to Home Assistant: its class of a binary sensor; null: none'),
  }),
  integer.extend({ ...standing, ...confident }).refine(inOrder, orderFault),
  choice.extend({ ...standing, ...confident }),
  string.extend(standing),
]);

export type StandingQuestionSpec = z.output<typeof standingQuestionSchema>;

/** A question as the engine takes it, without a name. */
export function askedOf(question: QuestionSpec | StandingQuestionSpec): Omit<Question, 'name'> {
  const { ask } = question;
  switch (question.type) {
    case 'boolean':
      return { ask, type: { kind: 'boolean' } };
    case 'integer':
      return { ask, type: { kind: 'integer', min: question.min, max: question.max } };
    case 'enum':
      return { ask, type: { kind: 'enum', values: question.values } };
    case 'string':
      return { ask, type: { kind: 'string', maxLength: question.max_length } };
    default:
      return { ask };
  }
}

/** Questions by name, as the engine takes them. */
export function questionsOf(
  questions: Readonly<Record<string, QuestionSpec | StandingQuestionSpec>>,
): Question[] {
  return Object.entries(questions).map(([name, question]) => ({
    name,
    ...askedOf(question),
    ...('model' in question && { model: question.model }),
    ...('min_confidence' in question &&
      question.min_confidence > 0 && { minConfidence: question.min_confidence }),
  }));
}
