import { cameraConfigPayload } from '../../src/contract/camera-config.ts';
import { healthPayload } from '../../src/contract/health-payload.ts';
import type { ImageInfoPayload } from '../../src/contract/image.ts';
import {
  answerPayload,
  cameraStatusPayload,
  deviceStatusSchema,
  eventPayload,
  observedPayload,
} from '../../src/contract/payloads.ts';
import { alertPayload, raisedAlertPayload, rulePayload } from '../../src/contract/rule-payloads.ts';
import { topicsOf } from '../../src/contract/topics.ts';
import { visionPayload } from '../../src/contract/vision-payload.ts';
import type { Health } from '../../src/domain/health.ts';
import type { Answer, Observation, Question } from '../../src/domain/observation.ts';
import type { Alert, RuleStatus } from '../../src/domain/rule-status.ts';
import type {
  HomeAssistantCamera,
  HomeAssistantDevice,
  HomeAssistantQuestion,
} from '../../src/home-assistant/device.ts';

/** A question as the config has it without a name. */
export function plain(question: Question): HomeAssistantQuestion {
  return { title: null, deviceClass: null, ...question };
}

/** A camera without anything that can be left out. */
export function bare(name: string): HomeAssistantCamera {
  return { name, title: null, source: 'v4l2', images: false, takesFeedback: false, questions: [], rules: [] };
}

/** A device with every kind of entity. */
export const workshop: HomeAssistantDevice = {
  device: 'workshop',
  title: null,
  version: '0.1.0',
  board: 'Radxa Orion O6',
  model: 'demo (F16)',
  cameras: [
    {
      ...bare('front_door'),
      images: true,
      rules: [
        { name: 'gate_left_open', title: null, deviceClass: 'door' },
        { name: 'crowd', title: 'Many people', deviceClass: null },
        { name: 'dark', title: null, deviceClass: null },
      ],
      takesFeedback: true,
      questions: [
        {
          ...plain({ name: 'gate_open', ask: 'Is the gate open?', type: { kind: 'boolean' } }),
          deviceClass: 'door',
        },
        plain({ name: 'people', ask: 'How many people?', type: { kind: 'integer', min: 0, max: 9 } }),
        plain({
          name: 'sky',
          ask: 'How is the sky?',
          type: { kind: 'enum', values: ['clear', 'grey', 'none', 'grey'] },
        }),
        plain({ name: 'day', ask: 'Is it day?', type: { kind: 'enum', values: ['day', 'night'] } }),
        plain({ name: 'oddity', ask: 'What is unusual?', type: { kind: 'string', maxLength: 500 } }),
        plain({ name: 'free', ask: 'What else?' }),
      ],
    },
    bare('yard'),
  ],
  prompts: ['default', 'brief'],
  takesRequests: true,
  isRestartable: true,
  settable: ['paused', 'interval', 'prompt'],
  readings: ['temperature', 'under_voltage', 'clock_limited', 'engine_memory'],
};

/** Another board, with names that could be taken for those of the first. */
export const workshopFront: HomeAssistantDevice = {
  ...workshop,
  device: 'workshop_front',
  title: 'Front of the workshop',
  cameras: [
    bare('door'),
    bare('yard'),
    { ...bare('door-2'), title: 'Küche (Süd)', source: 'http', images: true },
  ],
};

const id = '01KAGX4V6Q8Z1Y2X3W4V5T6S7R';
const topics = topicsOf('workshop');
const at = new Date('2026-11-22T12:00:00Z');
const answers: Readonly<Record<string, Answer>> = {
  gate_open: false,
  people: 3,
  sky: 'grey',
  day: 'day',
  oddity: `A "quoted" <word>,\na second line, and ${'much more '.repeat(40)}`,
  free: 'Näh, nothing. 🙂',
};

const first: Observation = {
  frame: {
    id,
    camera: 'front_door',
    capturedAt: at,
    captureMs: 1,
    picture: { size: { width: 640, height: 480 }, bytes: Buffer.from('jpeg') },
  },
  trigger: 'change',
  prompt: 'default',
  description: {
    text: `A person at the door. ${'Snow falls. '.repeat(40)}`,
    answers,
    confidences: { gate_open: 0.98765, people: 0.4, sky: 0.7, day: 0.9 },
    finishReason: 'stop',
    timings: { packMs: 1, encodeMs: 2, prefillMs: 3, generateMs: 4 },
    tokens: { image: 268, imageOmitted: 0, prompt: 60, completion: 12, drafted: 0, accepted: 0 },
    model: { name: 'demo', quant: 'F16', build: 'b1' },
  },
  judged: {
    gate_open: { value: false, confidence: 0.98765, isCalibrated: false },
    people: { value: 3, confidence: 0.4, isCalibrated: false },
    sky: { value: 'grey', confidence: 0.5, isCalibrated: true },
    day: { value: 'day', confidence: 0.9, isCalibrated: false },
    oddity: { value: answers['oddity']!, confidence: null, isCalibrated: false },
    free: { value: answers['free']!, confidence: null, isCalibrated: false },
  },
  queueMs: 5,
  totalMs: 16,
};

/** The same picture described again, with the same result. */
const again: Observation = {
  ...first,
  frame: { ...first.frame, id: '01KAGX5V6Q8Z1Y2X3W4V5T6S7R', capturedAt: new Date('2026-11-22T12:05:00Z') },
  description: {
    ...first.description,
    timings: { packMs: 5, encodeMs: 6, prefillMs: 7, generateMs: 8 },
    tokens: { ...first.description.tokens, drafted: 9, accepted: 9 },
  },
  trigger: 'interval',
  totalMs: 99,
};

const decided = { since: at, confidence: 0.9, evidence: [id], reason: null };
const rules: Readonly<Record<string, RuleStatus>> = {
  gate_left_open: { ...decided, state: 'on' },
  crowd: { ...decided, state: 'off' },
  dark: { state: 'unknown', since: at, confidence: null, evidence: [], reason: 'stale' },
};

export const alert: Alert = {
  camera: 'front_door',
  rule: 'gate_left_open',
  watch: null,
  state: 'on',
  at,
  confidence: 0.9,
  evidence: [id],
  text: 'The gate is "open".',
};

/** What `workshop` publishes, as text by topic, built with the contract's functions. */
export function publishedPayloads(look: 'first' | 'second' = 'first'): Map<string, string> {
  const observation = look === 'first' ? first : again;
  const cameras = ['front_door', 'yard'].flatMap((camera): [string, object][] => [
    [topics.cameraStatus(camera), cameraStatusPayload({ state: 'online', problem: null, reason: null })],
    [
      topics.cameraConfig(camera),
      cameraConfigPayload({ paused: true, intervalMs: 1500, prompt: 'brief' }, null),
    ],
    [topics.vision(camera), visionPayload({ state: 'current', since: at, reason: null })],
    [topics.description(camera), observedPayload(observation, at)],
    [topics.event(camera), eventPayload({ type: 'failed', id, camera, reason: 'it "broke"' }, at)],
  ]);
  const info: ImageInfoPayload = {
    id: observation.frame.id,
    captured_at: observation.frame.capturedAt.toISOString(),
    ...observation.frame.picture.size,
    sha256: '0'.repeat(64),
  };
  const published: [string, object][] = [
    [topics.imageInfo('front_door'), info],
    [topics.status, deviceStatusSchema.parse({ state: 'online' })],
    ...cameras,
    ...Object.entries(observation.judged).map(([question, answer]): [string, object] => [
      topics.answer('front_door', question),
      answerPayload(observedPayload(observation, at), answer),
    ]),
    ...Object.entries(rules).map(([rule, status]): [string, object] => [
      topics.rule('front_door', rule),
      rulePayload(status),
    ]),
    [topics.alert('front_door'), alertPayload(raisedAlertPayload(alert, null), at, 60_000)],
    [topics.health, health(null)],
  ];
  return new Map(published.map(([topic, payload]) => [topic, JSON.stringify(payload)]));
}

const known: Pick<Health, 'timing' | 'tokensPerSecond'> = {
  timing: { p50Ms: 1500, p95Ms: 2500.25 },
  tokensPerSecond: 7.5,
};

/** @param speed empty: nothing has been described yet. */
export function health(temperatureC: number | null, speed: Partial<Health> = known): object {
  return healthPayload(
    {
      engine: 'busy',
      queueDepth: 2,
      frames: { captured: 9, described: 4, unchanged: 1, failed: 3, dropped: 5, expired: 6 },
      cameras: {},
      outbox: { depth: 7, dropped: 0, damaged: 0, fault: null },
      board: {
        temperatureC,
        memoryAvailableBytes: 3 * 2 ** 30,
        memoryTotalBytes: 2 ** 34,
        clockLimited: false,
        underVoltage: true,
      },
      memory: { daemonBytes: 120_000_000, engineBytes: null },
      ...speed,
    },
    at,
  );
}
