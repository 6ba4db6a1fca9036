import type { AttendedTile } from '../../src/vision/native/mtmd-engine.ts';
import type { GgufTensor } from '../../tools/test/gguf-writer.ts';
import { type LlavaShape, layerNormEpsilon, mean, standardDeviation } from '../../tools/test/random-llava.ts';

// CLIP's vision tower and LLaVA's projector in plain TypeScript, written from their definition (Hugging Face's
// modeling_clip.py, LLaVA's mlp2x_gelu) and not from libmtmd, to compare the engine with.

type Row = Float64Array;

export interface ReferenceOptions {
  /** How many blocks run. */
  readonly blocks: number;
  /** Where the class token goes; CLIP's is first. 'last' is what unpatched libmtmd v0.5.0 does. */
  readonly classToken?: 'first' | 'last';
  /** Whether the tower ends with its post-layernorm. */
  readonly postNorm?: boolean;
}

/** As {@link attendedReference} gives them: patches x projector width. */
export function encodeReference(...options: Parameters<typeof attendedReference>): Float32Array {
  return attendedReference(...options).embeddings;
}

/**
 * @param rgb imageSize x imageSize x 3 bytes
 * @returns the embeddings, and the attention of the first token to each of the others in the last block, the heads' mean
 */
export function attendedReference(
  weights: Readonly<Record<string, GgufTensor>>,
  shape: LlavaShape,
  rgb: Uint8Array,
  { blocks, classToken = 'first', postNorm = false }: ReferenceOptions,
): AttendedTile {
  const values = (name: string): Float32Array => {
    const tensor = weights[name];
    if (!tensor) throw new Error(`no tensor ${name}`);
    return tensor.values;
  };
  const linear = (rows: readonly Row[], name: string): Row[] =>
    rows.map((row) => multiply(values(`${name}.weight`), values(`${name}.bias`), row));
  const norm = (rows: readonly Row[], name: string): Row[] =>
    rows.map((row) => normalise(row, values(`${name}.weight`), values(`${name}.bias`)));

  const patches = cutPatches(shape, rgb).map((patch) => multiply(values('v.patch_embd.weight'), null, patch));
  const classRow = Float64Array.from(values('v.class_embd'));
  const sequence = classToken === 'first' ? [classRow, ...patches] : [...patches, classRow];
  const positions = values('v.position_embd.weight');
  const { width, heads } = shape.vision;
  let hidden = norm(
    sequence.map((row, index) => row.map((value, i) => value + positions[index * width + i]!)),
    'v.pre_ln',
  );
  let classAttention: Row = new Float64Array(0);
  for (let block = 0; block < blocks; block++) {
    const name = `v.blk.${block}`;
    const normed = norm(hidden, `${name}.ln1`);
    const [queries, keys, contents] = ['attn_q', 'attn_k', 'attn_v'].map((part) =>
      linear(normed, `${name}.${part}`),
    );
    const { mixed, shares } = attend(queries!, keys!, contents!, heads);
    classAttention = shares[0]!.slice(1);
    hidden = add(hidden, linear(mixed, `${name}.attn_out`));
    const inner = linear(norm(hidden, `${name}.ln2`), `${name}.ffn_up`);
    hidden = add(
      hidden,
      linear(
        inner.map((row) => row.map(quickGelu)),
        `${name}.ffn_down`,
      ),
    );
  }
  if (postNorm) hidden = norm(hidden, 'v.post_ln');
  // The rows after the first are what LLaVA takes for the patches.
  const projected = linear(
    linear(hidden.slice(1), 'mm.0').map((row) => row.map(gelu)),
    'mm.2',
  );
  return {
    embeddings: Float32Array.from(projected.flatMap((row) => [...row])),
    classAttention: Float32Array.from(classAttention),
  };
}

/** Normalised pixels of each patch, row by row of the picture: colour, then y, then x. */
function cutPatches({ imageSize, patchSize }: LlavaShape, rgb: Uint8Array): Row[] {
  const perSide = imageSize / patchSize;
  return Array.from({ length: perSide ** 2 }, (_, index) => {
    const top = Math.floor(index / perSide) * patchSize;
    const left = (index % perSide) * patchSize;
    const patch = new Float64Array(3 * patchSize ** 2);
    for (let colour = 0; colour < 3; colour++) {
      for (let y = 0; y < patchSize; y++) {
        for (let x = 0; x < patchSize; x++) {
          const byte = rgb[((top + y) * imageSize + left + x) * 3 + colour]!;
          patch[(colour * patchSize + y) * patchSize + x] =
            (byte / 255 - mean[colour]!) / standardDeviation[colour]!;
        }
      }
    }
    return patch;
  });
}

function multiply(weight: Float32Array, bias: Float32Array | null, row: Row): Row {
  return Float64Array.from({ length: weight.length / row.length }, (_, output) => {
    let sum = bias ? bias[output]! : 0;
    for (let i = 0; i < row.length; i++) sum += weight[output * row.length + i]! * row[i]!;
    return sum;
  });
}

function normalise(row: Row, weight: Float32Array, bias: Float32Array): Row {
  const average = row.reduce((sum, value) => sum + value, 0) / row.length;
  const variance = row.reduce((sum, value) => sum + (value - average) ** 2, 0) / row.length;
  const scale = 1 / Math.sqrt(variance + layerNormEpsilon);
  return row.map((value, i) => (value - average) * scale * weight[i]! + bias[i]!);
}

/** @returns for each query the mixed contents, and its attention to each key, the heads' mean */
function attend(
  queries: readonly Row[],
  keys: readonly Row[],
  contents: readonly Row[],
  heads: number,
): { mixed: Row[]; shares: Row[] } {
  const size = queries[0]!.length / heads;
  const attention: Row[] = [];
  const mixed = queries.map((query) => {
    const result = new Float64Array(query.length);
    const mean = new Float64Array(keys.length);
    attention.push(mean);
    for (let head = 0; head < heads; head++) {
      const from = head * size;
      const scores = keys.map((key) => {
        let dot = 0;
        for (let i = from; i < from + size; i++) dot += query[i]! * key[i]!;
        return dot / Math.sqrt(size);
      });
      const highest = Math.max(...scores);
      const shares = scores.map((score) => Math.exp(score - highest));
      const total = shares.reduce((sum, share) => sum + share, 0);
      for (const [index, content] of contents.entries()) {
        mean[index]! += shares[index]! / total / heads;
        for (let i = from; i < from + size; i++) result[i]! += (shares[index]! / total) * content[i]!;
      }
    }
    return result;
  });
  return { mixed, shares: attention };
}

function add(left: readonly Row[], right: readonly Row[]): Row[] {
  return left.map((row, index) => row.map((value, i) => value + right[index]![i]!));
}

function quickGelu(value: number): number {
  return value / (1 + Math.exp(-1.702 * value));
}

function gelu(value: number): number {
  return 0.5 * value * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3)));
}

/** Cosine of the angle between two vectors. */
export function cosine(left: Float32Array, right: Float32Array): number {
  let dot = 0;
  let lengthLeft = 0;
  let lengthRight = 0;
  for (let i = 0; i < left.length; i++) {
    dot += left[i]! * right[i]!;
    lengthLeft += left[i]! ** 2;
    lengthRight += right[i]! ** 2;
  }
  return dot / Math.sqrt(lengthLeft * lengthRight);
}
