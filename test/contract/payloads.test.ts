import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { healthPayload, healthSchema } from '../../src/contract/health-payload.ts';
import {
  answerPayload,
  answerSchema,
  cameraStatusPayload,
  cameraStatusSchema,
  descriptionSchema,
  eventPayload,
  eventSchema,
  isDescription,
  observationPayload,
  observationSchema,
  observedPayload,
  summaryOf,
} from '../../src/contract/payloads.ts';
import { topicsOf } from '../../src/contract/topics.ts';
import { visionPayload, visionSchema } from '../../src/contract/vision-payload.ts';
import type { Observation } from '../../src/domain/observation.ts';

const id = '01KAGX4V6Q8Z1Y2X3W4V5T6S7R';
const observation: Observation = {
  frame: {
    id,
    camera: 'porch',
    capturedAt: new Date('2026-11-21T12:00:00.125Z'),
    captureMs: 1.26,
    picture: { size: { width: 640, height: 480 }, bytes: Buffer.from('jpeg') },
  },
  trigger: 'interval',
  prompt: 'default',
  description: {
    text: 'a red circle\non the left',
    answers: { gate_open: false, people: 3, seen: 'No.' },
    confidences: { gate_open: 0.98765432, people: 0.4 },
    finishReason: 'stop',
    timings: { packMs: 1, encodeMs: 2, prefillMs: 3, generateMs: 4.44 },
    tokens: { image: 268, imageOmitted: 1000, prompt: 60, completion: 12, drafted: 0, accepted: 0 },
    model: { name: 'demo', quant: 'F16', build: 'b1' },
  },
  judged: {
    gate_open: { value: false, confidence: 0.98765432, isCalibrated: false },
    people: { value: null, confidence: 0.45, isCalibrated: true },
    seen: { value: 'No.', confidence: null, isCalibrated: false },
  },
  queueMs: 5,
  totalMs: 16.7,
};

test('an observation becomes the payload of the contract', () => {
  const payload = observedPayload(observation, new Date('2026-11-21T12:00:01Z'));
  expect(descriptionSchema.parse(JSON.parse(JSON.stringify(payload)))).toEqual({
    schema: 1,
    id,
    camera: 'porch',
    captured_at: '2026-11-21T12:00:00.125Z',
    published_at: '2026-11-21T12:00:01.000Z',
    trigger: 'interval',
    summary: 'a red circle on the left',
    description: 'a red circle\non the left',
    answers: { gate_open: false, people: 3, seen: 'No.' },
    confidences: { gate_open: 0.9877, people: 0.4 },
    image: { width: 640, height: 480, sha256: createHash('sha256').update('jpeg').digest('hex') },
    model: { name: 'demo', quant: 'F16', build: 'b1' },
    prompt: 'default',
    timing_ms: { capture: 1.3, queue: 5, pack: 1, encode: 2, prefill: 3, generate: 4.4, total: 16.7 },
    tokens: { image: 268, image_omitted: 1000, prompt: 60, completion: 12, drafted: 0, accepted: 0 },
    finish_reason: 'stop',
  });
});

test('of an observation that only answers, the parts of a description are null', () => {
  const description = { ...observation.description, text: null, finishReason: null };
  const payload = observedPayload({ ...observation, description, prompt: null }, new Date());
  expect(observationSchema.parse(JSON.parse(JSON.stringify(payload)))).toMatchObject({
    summary: null,
    description: null,
    prompt: null,
    finish_reason: null,
    answers: { gate_open: false, people: 3, seen: 'No.' },
  });
  expect(isDescription(payload)).toBe(false);
  expect(descriptionSchema.safeParse(payload).success).toBe(false);
});

test('an observation is late if it was captured longer ago than allowed when it is sent', () => {
  const description = observedPayload(observation, new Date('2026-11-21T12:00:01Z'));
  const sent = (at: string) => observationPayload(description, new Date(at), 60_000);
  const onTime = sent('2026-11-21T12:01:00.125Z');
  expect(observationSchema.parse(onTime)).toEqual({
    ...description,
    published_at: '2026-11-21T12:01:00.125Z',
  });
  expect(onTime).not.toHaveProperty('late');
  const late = sent('2026-11-21T12:01:00.126Z');
  expect(observationSchema.parse(late)).toMatchObject({ id, late: true });
  // State has no such mark.
  expect(descriptionSchema.safeParse(late).success).toBe(false);
});

test('vision says since when, and why it is not current', () => {
  const since = new Date('2026-11-21T12:00:00Z');
  const payload = visionPayload({ state: 'stale', since, reason: 'no look has succeeded for 120 s' });
  expect(visionSchema.parse(payload)).toEqual({
    schema: 1,
    state: 'stale',
    since: '2026-11-21T12:00:00.000Z',
    reason: 'no look has succeeded for 120 s',
  });
});

test('an answer keeps its type, and says how sure it is; the stream has the uncertain ones too', () => {
  const observed = observedPayload(observation, new Date());
  const answers = Object.entries(observation.judged).map(([question, answer]) => [
    question,
    answerSchema.parse(JSON.parse(JSON.stringify(answerPayload(observed, answer)))),
  ]);
  const same = { schema: 1, calibrated: false, reason: null, id, captured_at: '2026-11-21T12:00:00.125Z' };
  expect(Object.fromEntries(answers)).toEqual({
    gate_open: { ...same, value: false, confidence: 0.9877 },
    people: { ...same, value: null, confidence: 0.45, calibrated: true, reason: 'uncertain' },
    seen: { ...same, value: 'No.', confidence: null },
  });
  expect(observed.answers['people']).toBe(3);
  expect(topicsOf('shed').answer('porch', 'gate_open')).toBe('scenecast/shed/porch/answer/gate_open');
});

test('events and statuses match their schemas', () => {
  const at = new Date('2026-11-21T12:00:00Z');
  expect(eventSchema.parse(eventPayload({ type: 'captured', id, camera: 'porch' }, at)).reason).toBeNull();
  const failed = eventPayload({ type: 'failed', id, camera: 'porch', reason: 'no memory' }, at);
  expect(eventSchema.parse(failed)).toMatchObject({ type: 'failed', reason: 'no memory', id });
  expect(
    cameraStatusSchema.parse(cameraStatusPayload({ state: 'offline', problem: null, reason: 'unplugged' })),
  ).toEqual({
    state: 'offline',
    problem: null,
    reason: 'unplugged',
  });
});

test('the event of an unchanged frame has the reason', () => {
  const event = { type: 'unchanged', id, camera: 'porch', reason: '0.1 % of the picture' } as const;
  expect(eventSchema.parse(eventPayload(event, new Date('2026-11-21T12:00:00Z')))).toMatchObject({
    type: 'unchanged',
    reason: '0.1 % of the picture',
  });
});

test('health matches its schema', () => {
  const frames = { captured: 9, described: 2, unchanged: 3, failed: 1, dropped: 2, expired: 0 };
  const payload = healthPayload(
    {
      engine: 'busy',
      queueDepth: 1,
      frames,
      cameras: {
        porch: {
          state: 'online',
          problem: null,
          intervalMs: 10_000,
          effectiveIntervalMs: 61_234.5,
          gate: { measure: 0.1234, threshold: 0.5, noiseFloor: 1.005 },
        },
        yard: {
          state: 'online',
          problem: null,
          intervalMs: 1000,
          effectiveIntervalMs: 1000,
          gate: { measure: null, threshold: 0.5, noiseFloor: 2 },
        },
        shed: { state: 'starting', problem: null, intervalMs: 1000, effectiveIntervalMs: 1000, gate: null },
      },
    },
    new Date('2026-11-21T12:00:00Z'),
  );
  expect(healthSchema.parse(JSON.parse(JSON.stringify(payload)))).toEqual({
    schema: 1,
    at: '2026-11-21T12:00:00.000Z',
    engine: 'busy',
    queue_depth: 1,
    frames,
    cameras: {
      porch: {
        state: 'online',
        problem: null,
        interval_ms: 10_000,
        effective_interval_ms: 61_235,
        gate: { measure: 0.12, threshold: 0.5, noise_floor: 1 },
      },
      yard: {
        state: 'online',
        problem: null,
        interval_ms: 1000,
        effective_interval_ms: 1000,
        gate: { measure: null, threshold: 0.5, noise_floor: 2 },
      },
      shed: { state: 'starting', problem: null, interval_ms: 1000, effective_interval_ms: 1000, gate: null },
    },
  });
});

test('a summary is one line of at most 255 characters, cut at a word and never inside a character', () => {
  expect(summaryOf(' two\n  lines ')).toBe('two lines');
  const long = summaryOf('word '.repeat(100));
  expect(long.length).toBeLessThanOrEqual(255);
  expect(long).toMatch(/word…$/);
  expect(summaryOf('a'.repeat(255))).toHaveLength(255);
  expect(summaryOf('a'.repeat(256))).toHaveLength(255);
  const emoji = summaryOf(`${'a'.repeat(253)}${'😀'.repeat(5)}`);
  expect(emoji.isWellFormed()).toBe(true);
});

test('topics match the contract', () => {
  const topics = topicsOf('workshop');
  expect([
    topics.status,
    topics.health,
    topics.cameraStatus('porch'),
    topics.vision('porch'),
    topics.observation('porch'),
    topics.description('porch'),
    topics.event('porch'),
    topics.imageInfo('porch'),
  ]).toEqual([
    'scenecast/workshop/status',
    'scenecast/workshop/health',
    'scenecast/workshop/porch/status',
    'scenecast/workshop/porch/vision',
    'scenecast/workshop/porch/observation',
    'scenecast/workshop/porch/description',
    'scenecast/workshop/porch/event',
    'scenecast/workshop/porch/image_info',
  ]);
});

test('what has changed is in the payload only if the model was asked', () => {
  const change = 'The gate has opened.';
  const changed = { ...observation, description: { ...observation.description, change } };
  const payload = observedPayload(changed, new Date());
  expect(descriptionSchema.parse(payload)).toMatchObject({ change });
  expect(observedPayload(observation, new Date())).not.toHaveProperty('change');
});
