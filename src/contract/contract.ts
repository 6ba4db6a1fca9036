import type { z } from 'zod';
import { cameraConfigSchema, settings } from './camera-config.ts';
import { healthSchema } from './health-payload.ts';
import { imageInfoSchema, imagePropertiesSchema } from './image.ts';
import { infoSchema } from './info.ts';
import {
  answerSchema,
  cameraStatusSchema,
  descriptionSchema,
  deviceStatusSchema,
  eventSchema,
  observationSchema,
  outboxMarkSchema,
} from './payloads.ts';
import {
  askRequestSchema,
  askResponseSchema,
  describeRequestSchema,
  describeResponseSchema,
  feedbackRequestSchema,
  feedbackResponseSchema,
  restartRequestSchema,
  restartResponseSchema,
  setResponseSchema,
  unwatchRequestSchema,
  unwatchResponseSchema,
  watchRequestSchema,
  watchResponseSchema,
} from './requests.ts';
import { alertSchema, ruleSchema } from './rule-payloads.ts';
import { visionSchema } from './vision-payload.ts';
import { watchesSchema } from './watches.ts';
import { workAnswerSchema, workItemSchema, workPropertiesSchema } from './work.ts';

/** One topic of the contract. */
export interface Channel {
  /** The topic, with its variable levels in braces. */
  readonly address: string;
  /** Whether Scenecast publishes here (`out`) or subscribes (`in`). */
  readonly direction: 'out' | 'in';
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** Schema of the JSON payload; null: not JSON. */
  readonly payload: z.ZodType | null;
  /** Content types of payloads that are not JSON. */
  readonly files?: readonly string[];
  /** Schema of the MQTT 5 user properties of a payload that is not JSON. */
  readonly properties?: z.ZodType;
  /** Channel of the response to a command. */
  readonly reply?: string;
  readonly summary: string;
}

const state = { direction: 'out', qos: 1, retain: true } as const;
const command = { direction: 'in', qos: 1, retain: false } as const;
const response = { direction: 'out', qos: 1, retain: false } as const;

/** Every topic that Scenecast publishes to or subscribes to, with its payload. */
export const contract = {
  status: {
    ...state,
    address: 'scenecast/{device}/status',
    payload: deviceStatusSchema,
    summary: 'whether the daemon is running; also the last will',
  },
  info: {
    ...state,
    address: 'scenecast/{device}/info',
    payload: infoSchema,
    summary: 'version, model, board, plan, cameras, config',
  },
  health: {
    ...state,
    qos: 0,
    address: 'scenecast/{device}/health',
    payload: healthSchema,
    summary: 'state of the daemon, every `health_interval`',
  },
  outbox: {
    ...state,
    address: 'scenecast/{device}/outbox',
    payload: outboxMarkSchema,
    summary: 'for Scenecast itself: how much of its outbox this broker has',
  },
  watches: {
    ...state,
    address: 'scenecast/{device}/watches',
    payload: watchesSchema,
    summary: 'the watches that run',
  },
  cameraStatus: {
    ...state,
    address: 'scenecast/{device}/{camera}/status',
    payload: cameraStatusSchema,
    summary: 'whether the camera gives pictures, and what is wrong with them',
  },
  vision: {
    ...state,
    address: 'scenecast/{device}/{camera}/vision',
    payload: visionSchema,
    summary: 'whether the newest description and answers still hold, and why not',
  },
  observation: {
    ...state,
    retain: false,
    address: 'scenecast/{device}/{camera}/observation',
    payload: observationSchema,
    summary: 'the stream: every description with its answers, in order, also late ones',
  },
  description: {
    ...state,
    address: 'scenecast/{device}/{camera}/description',
    payload: descriptionSchema,
    summary: 'state: the newest description, its answers, timings and tokens',
  },
  answer: {
    ...state,
    address: 'scenecast/{device}/{camera}/answer/{question}',
    payload: answerSchema,
    summary: 'state: the newest answer to a standing question',
  },
  rule: {
    ...state,
    address: 'scenecast/{device}/{camera}/rule/{rule}',
    payload: ruleSchema,
    summary: 'state: whether a rule is on or off, or not known',
  },
  alert: {
    ...state,
    retain: false,
    address: 'scenecast/{device}/{camera}/alert',
    payload: alertSchema,
    summary: 'a rule turned on or off, or a watch came true; late ones too',
  },
  event: {
    ...state,
    retain: false,
    address: 'scenecast/{device}/{camera}/event',
    payload: eventSchema,
    summary: 'what happened to a frame',
  },
  image: {
    ...state,
    qos: 0,
    address: 'scenecast/{device}/{camera}/image',
    payload: null,
    files: ['image/jpeg'],
    properties: imagePropertiesSchema,
    summary: 'the picture that was described last, with privacy masks painted; off by default',
  },
  imageInfo: {
    ...state,
    qos: 0,
    address: 'scenecast/{device}/{camera}/image_info',
    payload: imageInfoSchema,
    summary: 'which frame that picture is',
  },
  cameraConfig: {
    ...state,
    address: 'scenecast/{device}/{camera}/config',
    payload: cameraConfigSchema,
    summary: 'settings of the camera that MQTT may change, and whether it is within its hours',
  },
  setPaused: {
    ...command,
    address: 'scenecast/{device}/{camera}/set/paused',
    payload: settings.paused.payload,
    reply: 'setResponse',
    summary: 'pauses or resumes a camera',
  },
  setInterval: {
    ...command,
    address: 'scenecast/{device}/{camera}/set/interval',
    payload: settings.interval.payload,
    reply: 'setResponse',
    summary: 'changes the interval of a camera',
  },
  setPrompt: {
    ...command,
    address: 'scenecast/{device}/{camera}/set/prompt',
    payload: settings.prompt.payload,
    reply: 'setResponse',
    summary: 'changes the prompt of a camera',
  },
  setResponse: {
    ...response,
    address: 'scenecast/{device}/response/set',
    payload: setResponseSchema,
    summary: 'result of a `set`',
  },
  describeRequest: {
    ...command,
    address: 'scenecast/{device}/request/describe',
    payload: describeRequestSchema,
    reply: 'describeResponse',
    summary: 'describes what a camera sees now',
  },
  describeResponse: {
    ...response,
    address: 'scenecast/{device}/response/describe',
    payload: describeResponseSchema,
    summary: 'the requested description',
  },
  askRequest: {
    ...command,
    address: 'scenecast/{device}/request/ask',
    payload: askRequestSchema,
    reply: 'askResponse',
    summary: 'asks a question about what a camera sees now, if the config allows it',
  },
  askResponse: {
    ...response,
    address: 'scenecast/{device}/response/ask',
    payload: askResponseSchema,
    summary: 'the answer',
  },
  watchRequest: {
    ...command,
    address: 'scenecast/{device}/request/watch',
    payload: watchRequestSchema,
    reply: 'watchResponse',
    summary: 'waits until something is true of what a camera sees: one alert, then it ends',
  },
  watchResponse: {
    ...response,
    address: 'scenecast/{device}/response/watch',
    payload: watchResponseSchema,
    summary: 'the id of the watch, and what the board can do for it',
  },
  unwatchRequest: {
    ...command,
    address: 'scenecast/{device}/request/unwatch',
    payload: unwatchRequestSchema,
    reply: 'unwatchResponse',
    summary: 'ends a watch',
  },
  unwatchResponse: {
    ...response,
    address: 'scenecast/{device}/response/unwatch',
    payload: unwatchResponseSchema,
    summary: 'whether it has ended',
  },
  feedbackRequest: {
    ...command,
    address: 'scenecast/{device}/request/feedback',
    payload: feedbackRequestSchema,
    reply: 'feedbackResponse',
    summary: 'says what is right about an answer, whose picture is then labelled',
  },
  feedbackResponse: {
    ...response,
    address: 'scenecast/{device}/response/feedback',
    payload: feedbackResponseSchema,
    summary: 'the label',
  },
  restartRequest: {
    ...command,
    address: 'scenecast/{device}/request/restart',
    payload: restartRequestSchema,
    reply: 'restartResponse',
    summary: 'restarts the engine or the daemon',
  },
  restartResponse: {
    ...response,
    address: 'scenecast/{device}/response/restart',
    payload: restartResponseSchema,
    summary: 'result of the restart',
  },
  work: {
    ...command,
    address: '$share/{pool}/scenecast/work/#',
    payload: workItemSchema,
    files: ['image/jpeg', 'image/png'],
    properties: workPropertiesSchema,
    reply: 'workAnswer',
    summary: 'images that any worker board of the pool may describe',
  },
  workItem: {
    ...response,
    address: 'scenecast/work/{device}/{camera}',
    payload: null,
    files: ['image/jpeg', 'image/png'],
    properties: workPropertiesSchema,
    summary: 'an image that a board with `engine: pool` sends to the pool',
  },
  workAnswer: {
    ...response,
    address: 'scenecast/{device}/response/work',
    payload: workAnswerSchema,
    summary:
      'answer of a worker board, on the response topic of the image; boards that send images use this one',
  },
} as const satisfies Record<string, Channel>;
