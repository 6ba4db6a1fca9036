import { expect, test } from 'vitest';
import {
  type BenchPicture,
  type BenchReport,
  benchJson,
  benchText,
  loadWarning,
} from '../../src/cli/bench-text.ts';
import { planEngine } from '../../src/planning/plan-engine.ts';
import { engineInfo } from '../../tools/test/engine-info.ts';
import { fixtureBoards } from '../board/fixture-boards.ts';
import { defaultSettings as settings, sizingWith } from '../board/sample-board.ts';

const board = fixtureBoards['orion-o6-device-tree']!;
const allowedMHz = [2600, 2500, 2300, 2200, 1800];

function picture(name: string, encodeMs: number, generateMs: number): BenchPicture {
  return {
    name,
    timings: { packMs: 40, encodeMs, prefillMs: 20_000, generateMs },
    totalMs: 20_050 + encodeMs + generateMs,
    tokens: { image: 1948, imageOmitted: 0, prompt: 52, completion: 60, drafted: 0, accepted: 0 },
  };
}

const report: BenchReport = {
  version: '1.2.3',
  board,
  software: { kernel: '6.6.10-cix', system: 'Debian GNU/Linux 12 (bookworm)', firmware: '9.0.0' },
  engine: engineInfo,
  plan: planEngine(board, sizingWith(), settings),
  loadAverage: 0.123,
  before: { temperatureC: 31.94, clockLimited: false, underVoltage: null, allowedMHz },
  after: {
    ...{ temperatureC: 78, clockLimited: true, underVoltage: null },
    allowedMHz: [2200, ...allowedMHz.slice(1)],
  },
  peakBytes: { engine: 7 * 2 ** 30, command: 120 * 2 ** 20 },
  pictures: [picture('a', 9000, 10_000), picture('b', 12_000, 6000), picture('c', 10_000, 8000)],
};

test('a report as tables', () => {
  expect(benchText(report)).toBe(
    `| board          | Radxa Orion O6                                                                          |
| -------------- | --------------------------------------------------------------------------------------- |
| cores          | 2 x Cortex-A720, 2600 MHz                                                               |
|                | 2 x Cortex-A720, 2500 MHz                                                               |
|                | 2 x Cortex-A720, 2300 MHz                                                               |
|                | 2 x Cortex-A720, 2200 MHz                                                               |
|                | 4 x Cortex-A520, 1800 MHz                                                               |
| may use        | all CPUs                                                                                |
| memory         | 14.9 GiB                                                                                |
| firmware       | 9.0.0                                                                                   |
| kernel         | 6.6.10-cix                                                                              |
| system         | Debian GNU/Linux 12 (bookworm)                                                          |
| Scenecast      | 1.2.3                                                                                   |
| build          | llama.cpp v0.5.0                                                                        |
| CPU module     | libggml-cpu-a720.so                                                                     |
| model          | LLaVA 7B                                                                                |
| quant          | Q5_K - Medium                                                                           |
| detail         | full                                                                                    |
| image tokens   | 1948                                                                                    |
| threads        | 8 on CPU 0, 5-11                                                                        |
| threads batch  | 8                                                                                       |
| peak memory    | engine 7.0 GiB, command 120 MiB                                                         |
| temperature    | 31.9 °C before, 78.0 °C after                                                           |
| clocks allowed | 2600 / 2500 / 2300 / 2200 / 1800 MHz before, 2200 / 2500 / 2300 / 2200 / 1800 MHz after |
| throttled      | no before, clocks limited after                                                         |
| load average   | 0.12 before                                                                             |

| picture | pack s | encode s | prefill s | generate s | total s | tokens in | tokens out | prefill tokens/s | generate tokens/s |
| ------- | -----: | -------: | --------: | ---------: | ------: | --------: | ---------: | ---------------: | ----------------: |
| a       |   0.04 |     9.00 |     20.00 |      10.00 |   39.05 |      2000 |         60 |            100.0 |               6.0 |
| b       |   0.04 |    12.00 |     20.00 |       6.00 |   38.05 |      2000 |         60 |            100.0 |              10.0 |
| c       |   0.04 |    10.00 |     20.00 |       8.00 |   38.05 |      2000 |         60 |            100.0 |               7.5 |
| median  |   0.04 |    10.00 |     20.00 |       8.00 |   38.05 |      2000 |         60 |            100.0 |               7.5 |`,
  );
});

test('the JSON has the same figures', () => {
  const json = JSON.parse(JSON.stringify(benchJson(report)));
  expect(json).toMatchObject({
    scenecast: '1.2.3',
    board: { name: 'Radxa Orion O6', memory_bytes: board.memory.totalBytes },
    software: { kernel: '6.6.10-cix', firmware: '9.0.0' },
    engine: { model: 'LLaVA 7B', cpu_module: 'libggml-cpu-a720.so' },
    plan: { detail: 'full', threads: 8 },
    peak_bytes: { engine: 7 * 2 ** 30, command: 120 * 2 ** 20 },
    load_average: 0.123,
    heat: {
      before: { temperature_c: 31.94, allowed_mhz: allowedMHz, clock_limited: false },
      after: { temperature_c: 78, clock_limited: true, under_voltage: null },
    },
  });
  expect(json.pictures[0]).toEqual({
    picture: 'a',
    ...{ pack_seconds: 0.04, encode_seconds: 9, prefill_seconds: 20, generate_seconds: 10 },
    ...{ total_seconds: 39.05, tokens_in: 2000, tokens_out: 60 },
    ...{ prefill_tokens_per_second: 100, generate_tokens_per_second: 6 },
  });
  expect(json.median).toMatchObject({ encode_seconds: 10, generate_seconds: 8, total_seconds: 38.05 });
});

test('of an even number of pictures, the median is the mean of the middle two', () => {
  const even = benchJson({ ...report, pictures: report.pictures.slice(0, 2) });
  expect(even).toMatchObject({ median: { encode_seconds: 10.5, tokens_out: 60 } });
});

test('what the kernel does not show is unknown', () => {
  const nothing = { temperatureC: null, clockLimited: null, underVoltage: null, allowedMHz: [null] };
  const text = benchText({
    ...report,
    board: { ...board, model: null, clusters: [] },
    software: { kernel: null, system: null, firmware: null },
    ...{ before: nothing, after: nothing, peakBytes: { engine: null, command: null } },
  });
  for (const name of ['board', 'firmware', 'kernel', 'system', 'temperature', 'clocks allowed', 'throttled'])
    expect(text).toMatch(new RegExp(`^\\| ${name} +\\| unknown +\\|$`, 'm'));
  expect(text).toContain('engine unknown, command unknown');
});

test('a name can neither end its cell nor its row', () => {
  const text = benchText({
    ...report,
    engine: { ...report.engine, model: 'a | b\n| c' },
    pictures: [picture('x|\ny', 1, 1)],
  });
  expect(text).toContain('| a \\| b \\| c ');
  expect(text).toContain('| x\\| y ');
});

test('only a busy board gets a warning', () => {
  expect(loadWarning(0.5)).toBeNull();
  expect(loadWarning(0.51)).toMatch(/^the load average is 0\.51: /);
});
