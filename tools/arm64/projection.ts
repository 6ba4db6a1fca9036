import type { Counts } from './block-counts.ts';

/** The dimensions that determine a language model's cost per token. */
export interface TextGeometry {
  readonly width: number;
  readonly feedForward: number;
  readonly blocks: number;
  /** Of the prompt. */
  readonly tokens: number;
}

/** LLaVA-1.6 7B (Vicuna) and a 1280x720 picture: 1,948 image tokens and some words. */
export const llava7b: TextGeometry = { width: 4096, feedForward: 11_008, blocks: 32, tokens: 2000 };

/** Instructions for a prompt. */
export interface Projection {
  readonly attention: number;
  readonly matrices: number;
  /** Elementwise work on the activations: norms, sums, rotations. */
  readonly rest: number;
  readonly all: number;
}

/**
 * Projects a module's instruction counts to another model: attention scales with its multiply-adds (blocks x width x
 * tokens^2 / 2, both products), matrices with theirs, the rest with blocks x width x tokens. Covers the module's
 * instructions only; its softmax counts as rest.
 */
export function project(counts: Counts, from: TextGeometry, to: TextGeometry): Projection {
  const ratio = (size: (geometry: TextGeometry) => number): number => size(to) / size(from);
  const attention =
    (counts.attentionProduct + counts.attentionRest) *
    ratio(({ width, blocks, tokens }) => blocks * width * tokens ** 2);
  const matrices =
    counts.matrices *
    ratio(({ width, feedForward, blocks, tokens }) => {
      return tokens * blocks * (4 * width ** 2 + 3 * width * feedForward);
    });
  const others = counts.module - counts.attentionProduct - counts.attentionRest - counts.matrices;
  const rest = others * ratio(({ width, blocks, tokens }) => blocks * width * tokens);
  return { attention, matrices, rest, all: attention + matrices + rest };
}
