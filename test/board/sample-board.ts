import type { Board } from '../../src/board/board.ts';
import type { ModelShapes } from '../../src/domain/model-shapes.ts';
import type { ModelSizing } from '../../src/domain/model-sizing.ts';
import type { PlanSettings } from '../../src/planning/plan-engine.ts';

const gibibyte = 1024 ** 3;

/** The model settings of a config that sets none. */
export const defaultSettings: PlanSettings = {
  detail: 'full',
  contextSize: null,
  threads: null,
  maxTokens: 256,
  memoryBytes: null,
};

/** An Orion O6 of 16 GB as its ACPI firmware numbers it; other values on top. */
export function boardWith(changes: Partial<Board> = {}): Board {
  return {
    model: 'Radxa Orion O6',
    arch: 'arm64',
    clusters: [
      { name: 'Cortex-A720', implementer: '0x41', part: '0xd81', cpus: [0, 11], maxClockMHz: 2600 },
      {
        name: 'Cortex-A720',
        implementer: '0x41',
        part: '0xd81',
        cpus: [1, 6, 7, 8, 9, 10],
        maxClockMHz: 2400,
      },
      { name: 'Cortex-A520', implementer: '0x41', part: '0xd80', cpus: [2, 3, 4, 5], maxClockMHz: 1800 },
    ],
    features: ['asimd', 'fp16', 'dotprod', 'bf16', 'i8mm', 'sve', 'sve2'],
    allowedCpus: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    cpuQuota: null,
    memory: memoryOf(16, 14),
    storage: null,
    temperatures: [],
    throttling: null,
    ...changes,
  };
}

export function memoryOf(totalGibibytes: number, availableGibibytes: number): Board['memory'] {
  return {
    totalBytes: totalGibibytes * gibibyte,
    availableBytes: availableGibibytes * gibibyte,
    limitBytes: null,
    limitAvailableBytes: null,
    swapTotalBytes: 0,
    swapFreeBytes: 0,
    hugePages: { count: 0, sizeBytes: 0 },
    transparentHugePages: null,
  };
}

/** Vicuna 7B, and ViT-L/336 without its last block. */
const llava7b: ModelShapes = {
  text: { blocks: 32, attentionWidth: 4096, weights: 6.476e9, weightType: 'q5_K' },
  tower: { blocks: 23, attentionWidth: 1024, weights: 289.4e6, weightType: 'f16' },
  projectorWeights: 21e6,
};
const squares = (count: number): number[] => Array.from({ length: count }, () => 576);

/** LLaVA-1.6 Vicuna 7B in Q5_K_M for 1280x720, in round figures; other values on top. */
export function sizingWith(changes: Partial<ModelSizing> = {}): ModelSizing {
  return {
    name: 'LLaVA 7B',
    quant: 'Q5_K - Medium',
    parameters: 6.74e9,
    textBytes: 4.78e9,
    cpuModule: '/lib/libggml-cpu.so',
    mmprojBytes: 624e6,
    shapes: llava7b,
    width: 4096,
    trainedContextSize: 4096,
    weightsBytes: 0.1e9,
    repackedWeightsBytes: 4.68e9,
    details: [
      { detail: 'full', imageTokens: 1948, squares: squares(5), visionBytes: 700e6 },
      { detail: 'balanced', imageTokens: 1248, squares: squares(3), visionBytes: 700e6 },
      { detail: 'overview', imageTokens: 576, squares: squares(1), visionBytes: 700e6 },
    ],
    freeTurnTokens: 50,
    typedTurnTokens: 60,
    turnGroups: [],
    ubatchSize: 576,
    contexts: [
      { kvType: 'f16', fixedBytes: 100e6, bytesPerToken: 540_000, kvBytesPerToken: 524_288 },
      { kvType: 'q8_0', fixedBytes: 100e6, bytesPerToken: 290_000, kvBytesPerToken: 278_528 },
    ],
    ...changes,
  };
}
