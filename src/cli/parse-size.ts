import { InvalidArgumentError } from 'commander';
import { size } from '../config/units.ts';
import type { Size } from '../domain/frame.ts';

/** A flag's picture size, as in the config. @throws InvalidArgumentError */
export function parseSize(text: string): Size {
  const result = size.safeParse(text);
  if (!result.success) throw new InvalidArgumentError(`It ${result.error.issues[0]?.message}.`);
  return result.data;
}
