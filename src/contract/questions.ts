import { z } from 'zod';

const ask = z.string().min(1).max(500).describe('The question in words');

/** A question with what its answer must be, written as in the config file. */
export const questionSchema = z.discriminatedUnion('type', [
  z.strictObject({ ask, type: z.literal('text').optional().describe('The default: free text') }),
  z.strictObject({ ask, type: z.literal('boolean') }),
  z
    .strictObject({ ask, type: z.literal('integer'), min: z.int().default(0), max: z.int().default(100) })
    .refine(({ min, max }) => min <= max, 'min must not be above max'),
  z.strictObject({
    ask,
    type: z.literal('enum'),
    values: z.array(z.string().min(1).max(100)).min(1).max(50).describe('One of these is the answer'),
  }),
  z.strictObject({
    ask,
    type: z.literal('string'),
    max_length: z.int().min(1).max(500).default(100).describe('In characters'),
  }),
]);
