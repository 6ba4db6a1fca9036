import { z } from 'zod';
import type { Question } from '../domain/observation.ts';

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

const word = z
  .string()
  .regex(/^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u, 'must be one line without leading or trailing spaces')
  .max(100);

const text = z.strictObject({
  ask,
  type: z.literal('text').optional().describe('The default: free text'),
});
const boolean = z.strictObject({ ask, type: z.literal('boolean') });
const integer = z
  .strictObject({ ask, type: z.literal('integer'), min: z.int().default(0), max: z.int().default(100) })
  .refine(({ min, max }) => min <= max, 'min must not be above max');
const choice = z.strictObject({
  ask,
  type: z.literal('enum'),
  values: z.array(word).min(1).max(50).describe('The answer is one of these'),
});
const string = z.strictObject({
  ask,
  type: z.literal('string'),
  max_length: z.int().min(1).max(500).default(100).describe('In characters'),
});

/** A question and the type of its answer, written as in the config file. */
export const questionSchema = z.discriminatedUnion('type', [text, boolean, integer, choice, string]);

const inLanguage = { ask: askOf(maxAskLength + maxLanguageSentence) };
/** A question as a worker board takes it: a free answer may be wanted in a language. */
export const workQuestionSchema = z.discriminatedUnion('type', [
  text.extend(inLanguage),
  boolean,
  integer,
  choice,
  string.extend(inLanguage),
]);

export type QuestionSpec = z.output<typeof questionSchema>;

/** A question as the engine takes it, without a name. */
export function askedOf(question: QuestionSpec): Omit<Question, 'name'> {
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
export function questionsOf(questions: Readonly<Record<string, QuestionSpec>>): Question[] {
  return Object.entries(questions).map(([name, question]) => ({ name, ...askedOf(question) }));
}
