import type { EngineInfo } from '../../src/vision/process/protocol.ts';

/** What an engine reports that runs LLaVA on an Orion O6. */
export const engineInfo: EngineInfo = {
  model: 'LLaVA 7B',
  quant: 'Q5_K - Medium',
  build: 'llama.cpp v0.5.0',
  cpu: 'libggml-cpu-a720.so',
  chatTemplate: 'gguf',
  chatTemplateReason: '',
  usesDetail: true,
  showsAreas: true,
  contextSize: 2304,
  threads: 8,
};
