import { InvalidArgumentError } from 'commander';
import type { z } from 'zod';

/** Reads a flag as the config reads the same value. The parser throws InvalidArgumentError with the schema's message. */
export function flagParser<Output>(schema: z.ZodType<Output>): (text: string) => Output {
  return (text) => {
    const result = schema.safeParse(text);
    if (!result.success) throw new InvalidArgumentError(`It ${result.error.issues[0]?.message}.`);
    return result.data;
  };
}

/** Reads a count of at least 1. */
export function parsePositive(text: string): number {
  if (!isPositive(text)) throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return Number(text);
}

export function isPositive(text: string): boolean {
  return /^[1-9]\d{0,6}$/.test(text);
}

/** Reads a repeatable flag: its values in order. */
export function flagCollector<Output>(
  schema: z.ZodType<Output>,
): (text: string, previous?: readonly Output[]) => readonly Output[] {
  const parse = flagParser(schema);
  return (text, previous = []) => [...previous, parse(text)];
}
