import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { measureEngine } from '../../../src/vision/one-shot/measure-engine.ts';
import type { EngineOptions } from '../../../src/vision/process/protocol.ts';
import { writeRandomModel } from '../../../tools/test/random-projectors.ts';

const folder = mkdtempSync(join(tmpdir(), 'scenecast-measure-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(['mlp', 'idefics3', 'qwen2.5vl_merger'] as const)(
  'the tower of a model with the projector %s takes time too',
  async (projector) => {
    const { textPath, mmprojPath } = writeRandomModel(folder, projector);
    const engine: EngineOptions = {
      ...{ textPath, mmprojPath, contextSize: 1024, batchSize: 512, ubatchSize: 512 },
      ...{ threads: 1, threadsBatch: 1, cpus: null, cpuModule: null, useMmap: false, useMlock: false },
      ...{ maxTokens: 64, temperature: 0, chatTemplate: null },
      ...{ kvType: 'f16', flashAttention: 'on', detail: 'full' },
    };
    const pictureSizes = [
      { width: 64, height: 48 },
      { width: 128, height: 96 },
    ];
    const rates = await measureEngine({ engine, pictureSizes, prefillTokens: 64, decodeTokens: 4 });
    expect(rates.encodeMs).toBeGreaterThan(0);
    expect(rates.prefill).toBeGreaterThan(0);
    expect(rates.decode).toBeGreaterThan(0);
  },
);
