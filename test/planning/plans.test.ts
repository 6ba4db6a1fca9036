import { describe, expect, test } from 'vitest';
import { PlanError } from '../../src/domain/errors.ts';
import type { ModelSizing } from '../../src/domain/model-sizing.ts';
import { planEngine } from '../../src/planning/plan-engine.ts';
import { fixtureBoards } from '../board/fixture-boards.ts';
import { defaultSettings as settings, sizingWith } from '../board/sample-board.ts';

// Each recorded board with LLaVA-1.6 Vicuna 7B, and with one of 256 million parameters.

const small: ModelSizing = sizingWith({
  name: 'small',
  parameters: 0.16e9,
  textBytes: 0.175e9,
  mmprojBytes: 0.104e9,
  width: 576,
  weightsBytes: 0.03e9,
  repackedWeightsBytes: 0.145e9,
  details: [{ detail: 'full', imageTokens: 1100, squares: [1024, 1024], visionBytes: 0.2e9 }],
  contexts: [
    { kvType: 'f16', fixedBytes: 60e6, bytesPerToken: 25_000, kvBytesPerToken: 23_040 },
    { kvType: 'q8_0', fixedBytes: 60e6, bytesPerToken: 14_000, kvBytesPerToken: 12_240 },
  ],
});

const a720OfDeviceTree = [0, 5, 6, 7, 8, 9, 10, 11];
const a720OfAcpi = [0, 1, 6, 7, 8, 9, 10, 11];
/** CPUs null: all are alike. `large`: the plan for the 7B model. */
const expected: Readonly<
  Record<string, { cpus: number[] | null; threads: number; large: string; basis: 'projected' | null }>
> = {
  'orion-o6-device-tree': { cpus: a720OfDeviceTree, threads: 8, large: 'full', basis: 'projected' },
  'orion-o6-acpi': { cpus: a720OfAcpi, threads: 8, large: 'full', basis: 'projected' },
  'orion-o6-no-a520': { cpus: null, threads: 8, large: 'full', basis: 'projected' },
  'rock-5b': { cpus: [4, 5, 6, 7], threads: 4, large: 'full', basis: 'projected' },
  'raspberry-pi-5': { cpus: null, threads: 4, large: 'full', basis: 'projected' },
  'raspberry-pi-4': { cpus: null, threads: 4, large: 'refused', basis: 'projected' },
  'raspberry-pi-3': { cpus: null, threads: 4, large: 'refused', basis: null },
  'cloud-vm': { cpus: null, threads: 1, large: 'refused', basis: null },
  'laptop-x86': { cpus: null, threads: 8, large: 'full', basis: null },
};

test('every recorded board is planned for', () => {
  expect(Object.keys(expected).sort()).toEqual(Object.keys(fixtureBoards).sort());
});

describe.each(Object.entries(expected))('%s', (name, { cpus, threads, large, basis }) => {
  const board = fixtureBoards[name]!;

  test('threads, on the big cores', () => {
    const plan = planEngine(board, small, settings);
    expect(plan).toMatchObject({ cpus, threads, threadsBatch: threads, detail: 'full', contextSize: 1536 });
    expect(plan.memory.totalBytes).toBeLessThanOrEqual(plan.budgetBytes);
    expect(plan.expected?.basis ?? null).toBe(basis);
  });

  test('LLaVA-1.6 7B', () => {
    let outcome: string;
    try {
      outcome = planEngine(board, sizingWith(), settings).detail;
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      outcome = 'refused';
    }
    expect(outcome).toBe(large);
  });
});
