import type { z } from 'zod';

/** The first thing that a schema found wrong, after its field; after `whole` if the value itself is at fault. */
export function schemaFault({ issues }: z.ZodError, whole = ''): string {
  const { path, message } = issues[0]!;
  const field = path.join('.') || whole;
  return field === '' ? message : `${field}: ${message}`;
}
