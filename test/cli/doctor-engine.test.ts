import { join } from 'node:path';
import { expect, test } from 'vitest';
import { engineJson, engineText } from '../../src/cli/doctor-engine.ts';
import { backendsDir } from '../../src/vision/native/addon.ts';

const cpu = {
  name: 'Cortex-A720',
  module: '/x/libggml-cpu-a720.so',
  features: { NEON: '1', SVE_CNT: '16', SME: '0' },
};
const tuned = {
  facts: { cpu, build: 'llama.cpp v0.5.0', failure: null },
  cpuFeatures: ['asimd', 'i8mm'],
  suitable: '/x/libggml-cpu-a720.so',
};
const prebuilt = {
  ...tuned,
  facts: { ...tuned.facts, cpu: { ...cpu, module: join(backendsDir(), 'libggml-cpu-armv8.6_1.so') } },
};

test("a tuned module is named with the processor's features", () => {
  expect(engineText(tuned)).toBe(
    `module     libggml-cpu-a720.so
path       /x/libggml-cpu-a720.so
origin     Scenecast, tuned: the processor has asimd, i8mm
features   NEON SVE_CNT=16
processor  Cortex-A720: asimd i8mm
build      llama.cpp v0.5.0`,
  );
  expect(engineJson(tuned)).toEqual({
    module: {
      ...{ name: 'libggml-cpu-a720.so', path: '/x/libggml-cpu-a720.so', features: cpu.features },
      ...{ origin: 'tuned', reason: 'the processor has asimd, i8mm' },
    },
    processor: { name: 'Cortex-A720', features: ['asimd', 'i8mm'] },
    build: 'llama.cpp v0.5.0',
  });
});

test.each([
  ['it is not built', prebuilt, /a720\.so is not built: run scripts\/build-cpu\.sh/],
  [
    'it failed',
    { ...prebuilt, facts: { ...prebuilt.facts, failure: 'cannot be loaded' } },
    /cannot be loaded/,
  ],
  ['there is none', { ...prebuilt, suitable: null }, /none of the tuned modules/],
])('a prebuilt module is named with the reason: %s', (_why, report, reason) => {
  expect(engineJson(report)).toMatchObject({
    module: { origin: 'prebuilt', reason: expect.stringMatching(reason) },
  });
  expect(engineText(report)).toMatch(/^origin {5}node-llama-cpp, prebuilt: /m);
});
