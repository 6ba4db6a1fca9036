import type { z } from 'zod';

const typeWords: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'a boolean',
};

/** The first thing that a schema found wrong, after its field; after `whole` if the value itself is at fault. */
export function schemaFault({ issues }: z.ZodError, whole = ''): string {
  const issue = issues[0]!;
  const field = issue.path.join('.') || whole;
  return field === '' ? faultWords(issue) : `${field}: ${faultWords(issue)}`;
}

function faultWords(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_type') return issue.message;
  const words = typeWords[issue.expected];
  if (!issue.message.startsWith('Invalid input: ') || words === undefined) return issue.message;
  return issue.message.endsWith('received undefined') ? `is missing; must be ${words}` : `must be ${words}`;
}
