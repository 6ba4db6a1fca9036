/**
 * llama.cpp's quantisations with their max bits per weight, the wider output matrix included (from the table in
 * llama-quantize's help, rounded up): for the estimate of the disk space.
 */
export const quantBits = {
  Q2_K: 3.5,
  Q3_K_S: 4,
  Q3_K_M: 4.5,
  Q3_K_L: 4.8,
  IQ4_XS: 5,
  IQ4_NL: 5,
  Q4_0: 5,
  Q4_1: 5.5,
  Q4_K_S: 5,
  Q4_K_M: 5.5,
  Q5_0: 6,
  Q5_1: 6.5,
  Q5_K_S: 6,
  Q5_K_M: 6.2,
  Q6_K: 7,
  Q8_0: 9,
} as const;

export type QuantType = keyof typeof quantBits;

/** The type of this name, in any case; null if there is none. */
export function quantTypeOf(name: string): QuantType | null {
  const upper = name.toUpperCase();
  return upper in quantBits ? (upper as QuantType) : null;
}
