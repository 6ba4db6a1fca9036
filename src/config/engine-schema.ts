import { z } from 'zod';
import { duration, path, refuseFaultyAddress } from './units.ts';

/** An engine elsewhere: a server with OpenAI's chat completions. */
const remoteEngine = z.strictObject({
  url: z
    .string({ error: 'must be an address such as http://192.168.1.5:8080' })
    .max(4000)
    .regex(
      /^https?:\/\/[^\s\p{Cc}'"]+$/iu,
      'must be an address that begins with http:// or https://, without spaces',
    )
    .refine((url) => !/^\w+:\/\/[^/?#]*@/.test(url), {
      error: 'must not contain user or password; a token belongs in token_file',
    })
    .refine((url) => !/[?#]/.test(url), 'must not contain a query; a token belongs in token_file')
    .refine(
      (url) => !/\/chat\/completions\/*$/i.test(url),
      'must end before /chat/completions, as http://192.168.1.5:8080/v1 does',
    )
    .superRefine(refuseFaultyAddress)
    .describe('Of an OpenAI-compatible server, with or without /v1. Frames leave the board to it'),
  model: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Its name on the server; null: the server has only one'),
  token_file: path.nullable().default(null).describe('A file whose first line is the token for the server'),
  several_pictures: z
    .boolean()
    .default(false)
    .describe(
      'true: its model was trained with several pictures in one conversation, and compares two for `change`',
    ),
  deadline: duration
    .prefault('2m')
    .describe('Time for the server to describe a frame; then `fallback` applies'),
  fallback: z
    .enum(['own', 'expire'])
    .default('own')
    .describe('own: the engine of this board describes it. expire: it expires; no model is loaded'),
});

const choices = ['own', 'pool'] as const;

export const engine = z
  .union([z.enum(choices), remoteEngine], {
    error: ({ input }) =>
      typeof input === 'object' && input !== null
        ? undefined
        : `must be "own", "pool", or a section such as { url: http://192.168.1.5:8080 }`,
  })
  .default('own')
  .describe(
    'What describes the frames: own (the model of this board), pool (worker boards), or a server at an address',
  );
