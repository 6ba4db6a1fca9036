const words = [
  [0.95, 'verySure'],
  [0.8, 'sure'],
  [0.6, 'rather'],
] as const;

/** A word for a confidence from 0 to 1. */
export function confidenceWord(value: number): (typeof words)[number][1] | 'unsure' {
  return words.find(([from]) => value >= from)?.[1] ?? 'unsure';
}
