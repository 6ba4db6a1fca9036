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

/** Reads a repeatable flag: its values in order. */
export function flagCollector<Output>(
  schema: z.ZodType<Output>,
): (text: string, previous?: readonly Output[]) => readonly Output[] {
  const parse = flagParser(schema);
  return (text, previous = []) => [...previous, parse(text)];
}
