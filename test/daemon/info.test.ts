import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { infoSchema } from '../../src/contract/info.ts';
import { infoOf } from '../../src/daemon/info.ts';
import { planEngine } from '../../src/planning/plan-engine.ts';
import type { EngineInfo } from '../../src/vision/process/protocol.ts';
import { engineInfo } from '../../tools/test/engine-info.ts';
import { boardWith, sizingWith } from '../board/sample-board.ts';

const config = parseConfig(
  `device: workshop
mqtt: { username: canary, password_file: canary }
prompts: { default: Describe., brief: Briefly. }
cameras:
  porch:
    source: { type: v4l2, device: /dev/video0 }
    questions: { open: { ask: Open?, type: boolean }, free: { ask: What? } }`,
  'c.yaml',
);
const startedAt = new Date('2026-11-22T11:00:00Z');
const board = boardWith();
const plan = planEngine(board, sizingWith(), {
  detail: 'full',
  contextSize: null,
  threads: null,
  maxTokens: 256,
  memoryBytes: null,
});
const engine: EngineInfo = { ...engineInfo, model: 'demo', quant: 'F16', build: 'b1' };

test('what was measured is shown of questions as they are asked now, by the model that runs', () => {
  const measured = {
    ...{ camera: 'porch', question: 'open', ask: 'Open?', model: { name: 'demo', quant: 'F16' } },
    ...{ labels: 100, right: 90, calibrationError: 0.03, calibration: null, at: startedAt },
  };
  const shown = (each: object, engines = [{ role: null, plan, info: engine }]) =>
    infoSchema.parse(
      JSON.parse(JSON.stringify(infoOf(config, startedAt, { board, engines }, [{ ...measured, ...each }]))),
    ).cameras['porch']!.measured;
  expect(shown({})).toEqual({
    open: {
      ...{ labels: 100, accuracy: 0.9, calibration_error: 0.03, calibrated: false },
      ...{ interval: [expect.closeTo(0.826, 3), expect.closeTo(0.945, 3)], at: startedAt.toISOString() },
    },
  });
  for (const other of [{ ask: 'Shut?' }, { camera: 'yard' }, { model: { name: 'demo', quant: 'Q4_0' } }])
    expect(shown(other)).toBeUndefined();
  expect(shown({}, [])).toBeUndefined();
});

test('before the model is loaded, info has what the config says', () => {
  const info = infoSchema.parse(
    JSON.parse(JSON.stringify(infoOf(config, startedAt, { board: null, engines: [] }))),
  );
  expect(info).toMatchObject({
    device: 'workshop',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    started_at: '2026-11-22T11:00:00.000Z',
    model: null,
    board: null,
    plan: null,
    cameras: {
      porch: {
        source: 'v4l2',
        questions: { open: { ask: 'Open?', type: 'boolean' }, free: { ask: 'What?' } },
      },
    },
    serve: null,
    prompts: ['default', 'brief'],
  });
  expect(info.schemas).toEqual({
    ...{ info: 1, health: 1, vision: 1, observation: 1, description: 1 },
    ...{ watches: 1, answer: 1, rule: 1, alert: 1, event: 1, work: 1 },
  });
});

test('info says where the board serves', () => {
  const serving = parseConfig(
    'cameras: { a: { source: { type: scene } } }\nserve: { listen: "0.0.0.0:8481", token_file: canary }',
    'c.yaml',
  );
  const info = infoOf(serving, startedAt, { board: null, engines: [] });
  expect(infoSchema.parse(JSON.parse(JSON.stringify(info))).serve).toEqual({ host: '0.0.0.0', port: 8481 });
  expect(JSON.stringify(info)).not.toContain('canary');
});

test('afterwards info has board, plan and model too, and no secrets', () => {
  const info = infoOf(config, startedAt, { board, engines: [{ role: null, plan, info: engine }] });
  expect(infoSchema.parse(JSON.parse(JSON.stringify(info)))).toMatchObject({
    model: { name: 'demo', quant: 'F16', build: 'b1' },
    board: {
      name: 'Radxa Orion O6',
      arch: 'arm64',
      cores: [
        { name: 'Cortex-A720', count: 2, max_clock_mhz: 2600 },
        { name: 'Cortex-A720', count: 6, max_clock_mhz: 2400 },
        { name: 'Cortex-A520', count: 4, max_clock_mhz: 1800 },
      ],
      memory_bytes: 16 * 1024 ** 3,
      memory_limit_bytes: null,
    },
    plan: {
      detail: 'full',
      context_size: 2304,
      max_tokens: 256,
      kv_type: 'f16',
      cpu_module: 'libggml-cpu-a720.so',
    },
  });
  expect(JSON.stringify(info)).not.toContain('canary');
});

test('info names both of two models', () => {
  const quick = {
    role: 'quick',
    plan: { ...plan, contextSize: 512 },
    info: { ...engine, model: 'small' },
  } as const;
  const thorough = { role: 'thorough', plan, info: null } as const;
  const info = infoOf(config, startedAt, { board, engines: [quick, thorough] });
  expect(infoSchema.parse(JSON.parse(JSON.stringify(info)))).toMatchObject({
    model: null,
    plan: { context_size: 2304 },
    models: {
      quick: { model: { name: 'small', quant: 'F16', build: 'b1' }, plan: { context_size: 512 } },
      thorough: { model: null, plan: { context_size: 2304, cpu_module: null } },
    },
  });
});
