import type { EngineOptions } from '../../src/vision/process/protocol.ts';

/** Engine options for any board: one thread, all in memory, a small context. */
export const plainEngine: Omit<EngineOptions, 'textPath' | 'mmprojPath'> = {
  contextSize: 2048,
  batchSize: 2048,
  ubatchSize: 576,
  kvType: 'f16',
  flashAttention: 'auto',
  cpus: null,
  useMmap: true,
  useMlock: false,
  threads: 1,
  threadsBatch: 1,
  cpuModule: null,
  maxTokens: 64,
  temperature: 0,
  chatTemplate: null,
  detail: 'full',
};
