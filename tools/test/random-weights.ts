import { seededRandom } from '../../tools/test/seeded-random.ts';
import { fromHalf, type GgufTensor, toHalf } from './gguf-writer.ts';

export type Random = () => number;

/** Normally distributed numbers from a seed (Box-Muller). */
export function gaussian(seed: number): Random {
  const uniform = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Scaled so that a layer preserves the magnitude of its input. */
export function matrix(
  random: Random,
  outputs: number,
  inputs: number,
  scale = 1.5 / Math.sqrt(inputs),
): GgufTensor {
  return {
    shape: [outputs, inputs],
    values: Float32Array.from({ length: outputs * inputs }, () => random() * scale),
  };
}

export function around(random: Random, size: number, center: number, spread = 0.1): GgufTensor {
  return { shape: [size], values: Float32Array.from({ length: size }, () => center + random() * spread) };
}

export function halves(tensor: GgufTensor): GgufTensor {
  return { ...tensor, type: 'f16', values: tensor.values.map((value) => fromHalf(toHalf(value))) };
}
