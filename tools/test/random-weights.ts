import { seededRandom } from '../../tools/test/seeded-random.ts';
import { fromHalf, type GgufTensor, toHalf } from './gguf-writer.ts';

export type Random = () => number;

/** Normally distributed numbers from a seed (Box-Muller). */
export function gaussian(seed: number): Random {
  const uniform = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Scaled so that a layer preserves the magnitude of its input. `random` null: its shape only. */
export function matrix(
  random: Random | null,
  outputs: number,
  inputs: number,
  scale = 1.5 / Math.sqrt(inputs),
): GgufTensor {
  return {
    shape: [outputs, inputs],
    values: valuesOf(random, outputs * inputs, (value) => value * scale),
  };
}

/** `random` null: its shape only. */
export function around(random: Random | null, size: number, center: number, spread = 0.1): GgufTensor {
  return { shape: [size], values: valuesOf(random, size, (value) => center + value * spread) };
}

function valuesOf(random: Random | null, count: number, value: (random: number) => number): Float32Array {
  return random ? Float32Array.from({ length: count }, () => value(random())) : new Float32Array(0);
}

export function halves(tensor: GgufTensor): GgufTensor {
  return { ...tensor, type: 'f16', values: tensor.values.map((value) => fromHalf(toHalf(value))) };
}
