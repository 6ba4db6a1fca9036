import { describe, expect, test } from 'vitest';
import type { Board } from '../../src/board/board.ts';
import type { ModelSizing } from '../../src/domain/model-sizing.ts';
import { chooseCpus } from '../../src/planning/choose-cpus.ts';
import { type DescriptionTimes, projectTimes } from '../../src/planning/project-times.ts';
import { fixtureBoards } from '../board/fixture-boards.ts';
import { boardWith, sizingWith } from '../board/sample-board.ts';

// The expected seconds are computed by hand, as docs/tuning.md does.

/** SmolVLM2-500M for 1280x720: 4x3 tiles and the whole picture. */
const smolVlm = sizingWith({
  textBytes: 0.435e9,
  shapes: {
    text: { blocks: 32, attentionWidth: 960, weights: 314.6e6, weightType: 'q8_0' },
    tower: { blocks: 12, attentionWidth: 768, weights: 84.9e6, weightType: 'q8_0' },
    projectorWeights: 11.8e6,
  },
  details: [
    {
      detail: 'full',
      imageTokens: 900,
      squares: Array.from({ length: 13 }, () => 1024),
      visionBytes: 0.2e9,
    },
  ],
  contexts: [{ kvType: 'f16', fixedBytes: 60e6, bytesPerToken: 45_000, kvBytesPerToken: 40_960 }],
});

function timesOf(board: Board, model: ModelSizing, threads: number | null = null): DescriptionTimes {
  return projectTimes(board, chooseCpus(board, threads), model, model.details[0]!, model.contexts[0]!)!;
}

function withTower(model: ModelSizing, weightType: string): ModelSizing {
  const { shapes } = model;
  return { ...model, shapes: { ...shapes, tower: { ...shapes.tower, weightType } } };
}

describe('LLaVA-1.6 7B with eight A720 at 2.4 GHz', () => {
  const board = boardWith();

  test('encodes with 16-bit floats', () => {
    // (2 x 289.4M x 5 x 576 + 2 x 21M x 1948) / (8 x 2.4G x 32 x 0.35) = 1748.8G / 215.04G = 8.132 s
    // 4 x 23 x 1024 x 5 x 576^2 / (8 x 2.4G x 16 x 0.35) = 156.3G / 107.52G = 1.454 s
    expect(timesOf(board, sizingWith()).encodeSeconds).toBeCloseTo(9.586, 2);
  });

  test('encodes a Q8_0 tower with integers, its attention with floats', () => {
    // 1748.8G / (8 x 2.4G x 128 x 0.3) = 1748.8G / 737.28G = 2.372 s; 1.454 s
    expect(timesOf(board, withTower(sizingWith(), 'q8_0')).encodeSeconds).toBeCloseTo(3.826, 2);
  });

  test('prefills with integers, and attention grows with the square of the context', () => {
    // 2 x 6.476G x 1998 / (8 x 2.4G x 128 x 0.2) = 25,878G / 491.52G = 52.65 s
    // 4 x 32 x 4096 x 1998^2 / 2 / 107.52G = 1046.5G / 107.52G = 9.733 s
    expect(timesOf(board, sizingWith()).prefillSeconds).toBeCloseTo(62.38, 1);
  });

  test('reads weights and cache for each token', () => {
    // 60 x (4.78G + 524,288 x 1998) / (42G x 0.8) = 60 x 5.828G / 33.6G
    expect(timesOf(board, sizingWith()).generateSeconds).toBeCloseTo(10.406, 2);
  });

  test('takes longer with fewer threads', () => {
    const { prefillSeconds, generateSeconds } = timesOf(board, sizingWith());
    const half = timesOf(board, sizingWith(), 4);
    expect(half.prefillSeconds).toBeCloseTo(prefillSeconds * 2, 6);
    expect(half.generateSeconds).toBe(generateSeconds);
  });
});

describe('SmolVLM2-500M with four A76 at 2.4 GHz', () => {
  const board = fixtureBoards['raspberry-pi-5']!;

  test('encodes 1,024 patches of a square, not the 64 tokens that they become', () => {
    // (2 x 84.9M x 13 x 1024 + 2 x 11.8M x 900) / (4 x 2.4G x 64 x 0.3) = 2281.6G / 184.32G = 12.379 s
    // 4 x 12 x 768 x 13 x 1024^2 / (4 x 2.4G x 16 x 0.35) = 502.5G / 53.76G = 9.347 s
    expect(timesOf(board, smolVlm).encodeSeconds).toBeCloseTo(21.726, 2);
  });

  test('prefills and generates', () => {
    // 2 x 314.6M x 950 / 184.32G = 3.243 s; 4 x 32 x 960 x 950^2 / 2 / 53.76G = 1.031 s
    expect(timesOf(board, smolVlm).prefillSeconds).toBeCloseTo(4.274, 2);
    // 60 x (0.435G + 40,960 x 950) / (12.5G x 0.8)
    expect(timesOf(board, smolVlm).generateSeconds).toBeCloseTo(2.843, 2);
  });
});

describe('the type of the weights', () => {
  const board = fixtureBoards['raspberry-pi-5']!;
  const encodeSeconds = (type: string, on: Board = board): number =>
    timesOf(on, withTower(smolVlm, type)).encodeSeconds;

  test('K quants take longer than Q4_0 and Q8_0, types that are not repacked even longer', () => {
    expect(encodeSeconds('q4_0')).toBe(encodeSeconds('q8_0'));
    expect(encodeSeconds('q4_K')).toBeGreaterThan(encodeSeconds('q8_0'));
    expect(encodeSeconds('q5_0')).toBeGreaterThan(encodeSeconds('q4_K'));
  });

  test('nothing is repacked without dotprod', () => {
    const old: Board = { ...board, features: board.features.filter((feature) => feature !== 'dotprod') };
    expect(encodeSeconds('q8_0', old)).toBe(encodeSeconds('q5_0', old));
  });

  test('BF16 counts as F16, F32 takes twice as long', () => {
    expect(encodeSeconds('bf16')).toBe(encodeSeconds('f16'));
    expect(encodeSeconds('f32')).toBeGreaterThan(encodeSeconds('f16'));
  });
});

test('nothing is projected for unknown cores or memory', () => {
  const model = sizingWith();
  const none = (board: Board): unknown =>
    projectTimes(board, chooseCpus(board, null), model, model.details[0]!, model.contexts[0]!);
  expect(none(boardWith({ model: 'Somebody' }))).toBeNull();
  expect(none(boardWith({ clusters: [] }))).toBeNull();
  expect(none(fixtureBoards['laptop-x86']!)).toBeNull();
});
