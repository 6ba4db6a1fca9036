import type { Answer } from '../../../src/domain/observation.ts';

/** How answers are told apart in a band: by colour, and by height or pattern too. */
export interface ValueLooks {
  classOf(value: Answer | null): string;
  /** From 0 to 1. */
  heightOf(value: Answer | null): number;
}

const colours = 5;

/** @param values the one that held longest first */
export function looksOf(values: readonly (Answer | null)[]): ValueLooks {
  const others = values.filter((value) => value !== null);
  const numbers = others.filter((value) => typeof value === 'number');
  const [min, max] = [Math.min(0, ...numbers), Math.max(1, ...numbers)];
  return {
    classOf: (value) => {
      if (value === null) return 'unsure';
      if (typeof value === 'boolean') return value ? 'yes' : 'no';
      if (typeof value === 'number') return value === 0 ? 'no' : 'yes';
      const place = others.indexOf(value);
      return place >= 0 && place < colours ? `c${place}` : 'c5';
    },
    heightOf: (value) => {
      if (value === false) return 0.25;
      if (typeof value === 'number') return 0.15 + (0.85 * (value - min)) / (max - min);
      if (typeof value === 'string') return Math.max(0.4, 1 - 0.15 * others.indexOf(value));
      return 1;
    },
  };
}
