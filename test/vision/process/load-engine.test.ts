import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backendsDir, type MtmdAddon } from '../../../src/vision/native/addon.ts';
import { cpuModulesDir } from '../../../src/vision/native/cpu-module.ts';
import type { LoadOptions } from '../../../src/vision/native/load-options.ts';
import { loadEngine } from '../../../src/vision/process/load-engine.ts';
import type { EngineOptions } from '../../../src/vision/process/protocol.ts';

const options: EngineOptions = {
  ...{ textPath: '/m/text.gguf', mmprojPath: '/m/mmproj.gguf', chatTemplate: null, temperature: 0 },
  ...{ detail: 'full', maxTokens: 60, contextSize: 2048, batchSize: 2048, ubatchSize: 576, kvType: 'f16' },
  ...{ flashAttention: 'auto', threads: 4, threadsBatch: 4, cpus: null, useMmap: true, useMlock: false },
  cpuModule: null,
};

/** Whether the addon is to limit threads beside other processes. */
async function limits(cpuModule: string | null): Promise<boolean | undefined> {
  const loaded: LoadOptions[] = [];
  const addon = { load: async (each: LoadOptions) => loaded.push(each) } as unknown as MtmdAddon;
  await loadEngine(addon, { ...options, cpuModule });
  return loaded[0]!.limitThreads;
}

test('threads are limited with prebuilt CPU modules, whose threads spin, and not with ours', async () => {
  expect(await limits(null)).toBe(true);
  // A plan names the prebuilt module that ggml has chosen.
  expect(await limits(join(backendsDir(), 'libggml-cpu-haswell.so'))).toBe(true);
  expect(await limits(join(cpuModulesDir, 'libggml-cpu-a76.so'))).toBe(false);
});
