/**
 * Compares our CPU module for this machine with the prebuilt one, on a quiet machine and while another process keeps one
 * core busy: encoding a square, prefilling 256 tokens, generating 60. Both run in turns, each in a process of its own.
 *
 *   npm run bench:cpu-modules -- [--models demo,350m-q8_0] [--rounds 3] [--threads N]
 *
 * By default with one thread per CPU. Run it on an idle machine.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { probeBoard } from '../../src/board/probe-board.ts';
import { chooseCpuModule } from '../../src/vision/native/cpu-module.ts';
import { measureEngine } from '../../src/vision/one-shot/measure-engine.ts';
import type { EngineRates } from '../../src/vision/one-shot/measure-request.ts';
import type { EngineOptions } from '../../src/vision/process/protocol.ts';
import { BusyCore } from './speed/busy-core.ts';
import { benchModels, filesOf } from './speed/models.ts';

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: 'demo,350m-q8_0' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: `${availableParallelism()}` },
  },
});
const { features } = await probeBoard();
const ours = chooseCpuModule(features);
if (ours === null) throw new Error('no module of ours is built for this machine: run scripts/build-cpu.sh');

async function measure(name: string, cpuModule: string | null): Promise<EngineRates> {
  const model = benchModels.find((each) => each.name === name);
  if (!model)
    throw new Error(`--models: ${name} is not one of ${benchModels.map((each) => each.name).join(', ')}`);
  const { text, mmproj } = await filesOf(model);
  const engine: EngineOptions = {
    ...{ textPath: text, mmprojPath: mmproj, contextSize: 1024, batchSize: 512, ubatchSize: 512 },
    ...{ threads: Number(values.threads), threadsBatch: Number(values.threads), cpus: null, cpuModule },
    ...{ useMmap: false, useMlock: false },
    ...{ maxTokens: 64, temperature: 0, chatTemplate: null },
    kvType: 'f16',
    flashAttention: 'on',
    detail: 'full',
  };
  return measureEngine({
    engine,
    pictureSizes: [{ width: 1280, height: 720 }],
    prefillTokens: 256,
    decodeTokens: 60,
  });
}

function medianOf(rates: readonly EngineRates[], pick: (rate: EngineRates) => number): number {
  return rates.map(pick).sort((a, b) => a - b)[Math.floor(rates.length / 2)]!;
}

console.log('model        module     machine   encode   prefill   generate');
for (const name of values.models.split(',')) {
  const rates = new Map<string, EngineRates[]>();
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const machine of ['quiet', 'busy']) {
      const busy = machine === 'busy' ? BusyCore.start() : null;
      for (const [module, path] of [
        ['prebuilt', null],
        ['ours', ours],
      ] as const) {
        const row = `${name.padEnd(13)}${module.padEnd(11)}${machine.padEnd(8)}`;
        rates.set(row, [...(rates.get(row) ?? []), await measure(name, path)]);
      }
      await busy?.close();
    }
  }
  for (const [row, measured] of rates) {
    const encode = `${medianOf(measured, ({ encodeMs }) => encodeMs).toFixed(0)} ms`.padStart(9);
    const prefill = medianOf(measured, (rate) => rate.prefill)
      .toFixed(0)
      .padStart(10);
    console.log(
      `${row}${encode}${prefill}${medianOf(measured, ({ decode }) => decode)
        .toFixed(1)
        .padStart(11)}`,
    );
  }
}
console.log(
  `prefill, generate: tokens a second; medians of ${values.rounds} rounds, ${values.threads} threads`,
);
