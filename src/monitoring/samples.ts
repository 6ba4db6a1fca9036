import type { Labels, Sample } from './metric-registry.ts';

/** The value of a metric without labels. */
export function one(value: number | boolean | null): Sample<never>[] {
  return [[{} as Labels<never>, value]];
}

/** A sample for each value that a state can have: 1 for the one that it has. */
export function* states<Name extends string>(
  values: readonly string[],
  value: string | null,
  labelsOf: (each: string) => Labels<Name>,
): Generator<Sample<Name>> {
  for (const each of values) yield [labelsOf(each), each === value];
}

export function seconds(ms: number): number {
  return ms / 1000;
}
