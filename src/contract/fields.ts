import { z } from 'zod';
import { details } from '../domain/detail.ts';

/** Fields that several payloads share. */
export const count = z.int().min(0);
export const milliseconds = z.number().min(0);
export const ulid = z
  .string()
  .regex(/^[0-9A-HJKMNP-TV-Z]{26}$/)
  .describe('A ULID: ids sort by the time of the capture');
export const utc = z.iso.datetime().describe('UTC, ISO 8601');
export const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
/** The name of a device, camera, question or prompt: one topic level. */
export const name = z.string().regex(namePattern);
/** Text on one line. */
export const oneLine = z
  .string()
  .regex(/^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u, 'must be one line without leading or trailing spaces');
/** What people call a device, camera or question. */
export const displayName = oneLine.min(1).max(64);
export const answer = z.union([z.string(), z.number(), z.boolean()]);
export const confidence = z.number().min(0).max(1);
export const schemaVersion = z.literal(1).describe('Version of this payload');
export const engineState = z.enum(['idle', 'busy', 'failing']);
export const detail = z.enum(details);

export const pictureProblem = z
  .enum(['frozen', 'black', 'covered'])
  .nullable()
  .describe(
    'What is wrong with its pictures. frozen: the very same one for minutes. black: dark all over. covered: an even surface. null: nothing, or offline',
  );
