import { expect, test } from 'vitest';
import {
  type CameraConfigPayload,
  cameraConfigPayload,
  cameraConfigSchema,
} from '../../src/contract/camera-config.ts';
import { type Channel, contract } from '../../src/contract/contract.ts';
import { healthPayload, healthSchema } from '../../src/contract/health-payload.ts';
import { type InfoPayload, infoSchema } from '../../src/contract/info.ts';
import {
  type AskRequestPayload,
  askRequestSchema,
  type DescribeRequestPayload,
  describeRequestSchema,
  errorResponse,
  type FeedbackRequestPayload,
  feedbackRequestSchema,
  okResponse,
  type RestartRequestPayload,
  restartRequestSchema,
  setResponseSchema,
} from '../../src/contract/requests.ts';
import { reservedCameraNames, reservedDeviceNames, topicsOf, workFilter } from '../../src/contract/topics.ts';
import {
  type WorkAnswerPayload,
  type WorkItemPayload,
  workAnswerSchema,
  workItemSchema,
  workPropertiesSchema,
} from '../../src/contract/work.ts';
import type { Health } from '../../src/domain/health.ts';
import { channelOf } from '../../tools/test/channel-of.ts';

const channels: Readonly<Record<string, Channel>> = contract;
const topics = topicsOf('workshop');

test('a topic level of the contract itself is not a valid name for a camera or device', () => {
  expect([...reservedCameraNames].toSorted()).toEqual([
    'health',
    'info',
    'outbox',
    'request',
    'response',
    'status',
    'watches',
  ]);
  expect([...reservedDeviceNames]).toEqual(['work']);
});

test('every topic has the direction, QoS and retain flag of the contract', () => {
  const table = Object.values(channels).map(
    ({ address, direction, qos, retain }) => `${direction} ${qos}${retain ? 'R' : ''} ${address}`,
  );
  expect(table).toEqual([
    'out 1R scenecast/{device}/status',
    'out 1R scenecast/{device}/info',
    'out 0R scenecast/{device}/health',
    'out 1R scenecast/{device}/outbox',
    'out 1R scenecast/{device}/watches',
    'out 1R scenecast/{device}/{camera}/status',
    'out 1R scenecast/{device}/{camera}/vision',
    'out 1 scenecast/{device}/{camera}/observation',
    'out 1R scenecast/{device}/{camera}/description',
    'out 1R scenecast/{device}/{camera}/answer/{question}',
    'out 1R scenecast/{device}/{camera}/rule/{rule}',
    'out 1 scenecast/{device}/{camera}/alert',
    'out 1 scenecast/{device}/{camera}/event',
    'out 0R scenecast/{device}/{camera}/image',
    'out 0R scenecast/{device}/{camera}/image_info',
    'out 1R scenecast/{device}/{camera}/config',
    'in 1 scenecast/{device}/{camera}/set/paused',
    'in 1 scenecast/{device}/{camera}/set/interval',
    'in 1 scenecast/{device}/{camera}/set/prompt',
    'out 1 scenecast/{device}/response/set',
    'in 1 scenecast/{device}/request/describe',
    'out 1 scenecast/{device}/response/describe',
    'in 1 scenecast/{device}/request/ask',
    'out 1 scenecast/{device}/response/ask',
    'in 1 scenecast/{device}/request/watch',
    'out 1 scenecast/{device}/response/watch',
    'in 1 scenecast/{device}/request/unwatch',
    'out 1 scenecast/{device}/response/unwatch',
    'in 1 scenecast/{device}/request/feedback',
    'out 1 scenecast/{device}/response/feedback',
    'in 1 scenecast/{device}/request/restart',
    'out 1 scenecast/{device}/response/restart',
    'in 1 $share/{pool}/scenecast/work/#',
    'out 1 scenecast/work/{device}/{camera}',
    'out 1 scenecast/{device}/response/work',
  ]);
});

test('no two topics are the same, and every command names a response', () => {
  const addresses = Object.values(channels).map(({ address }) => address);
  expect(new Set(addresses).size).toBe(addresses.length);
  for (const { direction, reply } of Object.values(channels)) {
    if (direction === 'in') expect(channels[reply!]?.direction).toBe('out');
    else expect(reply).toBeUndefined();
  }
});

test('topics are filled in', () => {
  expect([
    topics.info,
    topics.image('porch'),
    topics.cameraConfig('porch'),
    topics.set('porch', 'paused'),
    topics.set('porch', 'interval'),
    topics.set('porch', 'prompt'),
    topics.request('describe'),
    topics.request('ask'),
    topics.request('feedback'),
    topics.request('restart'),
    topics.response('describe'),
    topics.response('set'),
    topics.response('work'),
    topics.workItem('porch'),
    workFilter('boards'),
  ]).toEqual([
    'scenecast/workshop/info',
    'scenecast/workshop/porch/image',
    'scenecast/workshop/porch/config',
    'scenecast/workshop/porch/set/paused',
    'scenecast/workshop/porch/set/interval',
    'scenecast/workshop/porch/set/prompt',
    'scenecast/workshop/request/describe',
    'scenecast/workshop/request/ask',
    'scenecast/workshop/request/feedback',
    'scenecast/workshop/request/restart',
    'scenecast/workshop/response/describe',
    'scenecast/workshop/response/set',
    'scenecast/workshop/response/work',
    'scenecast/work/workshop/porch',
    '$share/boards/scenecast/work/#',
  ]);
  expect(channelOf(topics.answer('porch', 'gate_open'))).toBe(contract.answer);
});

test('settings have a payload, and are validated when they are set', () => {
  const settings = { paused: false, intervalMs: 1500, prompt: 'brief' };
  const always: CameraConfigPayload = cameraConfigPayload(settings, null);
  expect(cameraConfigSchema.parse(always)).toEqual({
    paused: false,
    interval_s: 1.5,
    prompt: 'brief',
    hours: null,
  });
  const until = new Date('2026-11-30T06:00:00Z');
  expect(cameraConfigSchema.parse(cameraConfigPayload(settings, { open: false, until })).hours).toEqual({
    open: false,
    until: '2026-11-30T06:00:00.000Z',
  });
  expect(cameraConfigPayload(settings, { open: true, until: null }).hours).toEqual({
    open: true,
    until: null,
  });
  const ok = (channel: Channel, value: unknown): boolean => channel.payload!.safeParse(value).success;
  expect([true, 'true', 1, null].map((value) => ok(contract.setPaused, value))).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect(
    [0.1, 10, 2_073_600, 0.09, 2_073_601, '10s', Number.NaN].map((value) => ok(contract.setInterval, value)),
  ).toEqual([true, true, true, false, false, false, false]);
  expect(['brief', '', 'a/b', '#', 'x'.repeat(65), 7].map((value) => ok(contract.setPrompt, value))).toEqual([
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});

test('requests accept what the contract specifies and nothing else', () => {
  const describe: DescribeRequestPayload = { camera: 'porch', questions: [], transaction: 'a' };
  expect(describeRequestSchema.parse(describe)).toEqual(describe);
  expect(describeRequestSchema.parse({})).toEqual({});
  for (const wrong of [
    [],
    null,
    'porch',
    { cam: 'porch' },
    { camera: '+' },
    { transaction: 'x'.repeat(129) },
  ]) {
    expect(describeRequestSchema.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
  }
  const ask: AskRequestPayload = { question: { ask: 'How many?', type: 'integer', min: 0, max: 9 } };
  expect(askRequestSchema.parse(ask)).toEqual(ask);
  expect(askRequestSchema.parse({ question: { ask: 'What?' } })).toEqual({ question: { ask: 'What?' } });
  for (const wrong of [
    {},
    { question: 'What?' },
    { question: { ask: '' } },
    { question: { ask: 'x'.repeat(501) } },
    { question: { ask: 'How many?', type: 'integer', min: 9, max: 0 } },
    { question: { ask: 'Which?', type: 'enum', values: [] } },
  ]) {
    expect(askRequestSchema.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
  }
  const feedback: FeedbackRequestPayload = { camera: 'porch', question: 'gate_open', right: false };
  expect(feedbackRequestSchema.parse(feedback)).toEqual(feedback);
  expect(feedbackRequestSchema.parse({ value: 3 })).toEqual({ value: 3 });
  for (const wrong of [{}, { right: true, value: 3 }, { right: 'yes' }, { right: true, id: '1' }]) {
    expect(feedbackRequestSchema.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
  }
  const restart: RestartRequestPayload = { what: 'daemon', transaction: 'a' };
  expect(restartRequestSchema.parse(restart)).toEqual(restart);
  expect(restartRequestSchema.parse({})).toEqual({ what: 'engine' });
  expect(restartRequestSchema.safeParse({ what: 'board' }).success).toBe(false);
});

test('responses contain data or an error, and echo the transaction', () => {
  const config = { paused: true, interval_s: 10, prompt: 'default' };
  const ok = okResponse({ camera: 'porch', config }, 'a');
  expect(setResponseSchema.parse(ok)).toEqual({
    status: 'ok',
    data: { camera: 'porch', config },
    error: null,
    transaction: 'a',
  });
  const error = errorResponse({ code: 'unknown', message: 'no camera is named "prch"' }, undefined);
  expect(setResponseSchema.parse(error)).toEqual({
    status: 'error',
    data: null,
    error: { code: 'unknown', message: 'no camera is named "prch"' },
    transaction: null,
  });
  expect(setResponseSchema.safeParse({ ...ok, error: error.error }).success).toBe(false);
  expect(setResponseSchema.safeParse({ ...ok, status: 'error' }).success).toBe(false);
});

test('a work item has a response topic without wildcards and a file in base64', () => {
  const item: WorkItemPayload = { schema: 1, image: 'AAAA', response_topic: 'shop/answers' };
  expect(workItemSchema.parse(item)).toEqual(item);
  for (const wrong of [
    { ...item, image: 'no base64!' },
    { ...item, response_topic: 'shop/#' },
    { ...item, response_topic: '' },
    { ...item, prompt: 'x'.repeat(4101) },
    { ...item, schema: 2 },
  ]) {
    expect(workItemSchema.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
  }
  expect(workPropertiesSchema.safeParse({ prompt: 'What?', detail: 'full' }).success).toBe(true);
  expect(workPropertiesSchema.safeParse({ detail: 'most' }).success).toBe(false);
  expect(workPropertiesSchema.safeParse({ if_busy: 'refuse', pool: 'boards' }).success).toBe(true);
  expect(workPropertiesSchema.safeParse({ if_busy: 'no' }).success).toBe(false);
});

test('info may contain unknown values, and work answers errors', () => {
  const info: InfoPayload = {
    schema: 1,
    device: 'workshop',
    version: '0.1.0',
    started_at: '2026-11-22T12:00:00.000Z',
    model: null,
    board: null,
    plan: null,
    cameras: { porch: { source: 'still', questions: { free: { ask: 'What?', name: null } } } },
    serve: { host: '127.0.0.1', port: 8481 },
    prompts: ['default'],
    config: { log_level: 'info' },
    schemas: { info: 1 },
  };
  expect(infoSchema.parse(info)).toEqual(info);
  expect(infoSchema.safeParse({ ...info, cameras: { 'a/b': info.cameras['porch'] } }).success).toBe(false);
  const refused: WorkAnswerPayload = errorResponse({ code: 'expired', message: 'too late' }, 'a');
  expect(workAnswerSchema.parse(refused)).toEqual(refused);
  const working: WorkAnswerPayload = { status: 'working', data: null, error: null, transaction: null };
  expect(workAnswerSchema.parse(working)).toEqual(working);
  expect(workAnswerSchema.safeParse({ ...refused, status: 'working' }).success).toBe(false);
});

test('health contains outbox, speed and board if they are known', () => {
  const frames = { captured: 0, described: 0, unchanged: 0, failed: 0, dropped: 0, expired: 0 };
  const bare: Health = { engine: 'idle', queueDepth: 0, frames, cameras: {} };
  const at = new Date('2026-11-22T12:00:00Z');
  expect(Object.keys(healthPayload(bare, at))).toEqual([
    'schema',
    'at',
    'engine',
    'queue_depth',
    'frames',
    'cameras',
  ]);
  const whole = healthPayload(
    {
      ...bare,
      outbox: { depth: 3, dropped: 1, damaged: 0, fault: null },
      timing: { p50Ms: 1000.04, p95Ms: 2000.06 },
      tokensPerSecond: 12.345,
      board: {
        temperatureC: 61.54,
        memoryAvailableBytes: 1,
        memoryTotalBytes: 2,
        clockLimited: true,
        underVoltage: false,
      },
      memory: { daemonBytes: 3, engineBytes: null },
    },
    at,
  );
  expect(healthSchema.parse(JSON.parse(JSON.stringify(whole)))).toMatchObject({
    outbox: { depth: 3, dropped: 1, damaged: 0, fault: null },
    timing_ms: { p50: 1000, p95: 2000.1 },
    tokens_per_second: 12.3,
    board: {
      temperature_c: 61.5,
      memory_available_bytes: 1,
      memory_total_bytes: 2,
      clock_limited: true,
      under_voltage: false,
    },
    memory: { daemon_bytes: 3, engine_bytes: null },
  });
});
