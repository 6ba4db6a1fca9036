import type { z } from 'zod';
import { cameraConfigSchema, settings } from './camera-config.ts';
import { infoSchema } from './info.ts';
import {
  answerSchema,
  cameraStatusSchema,
  descriptionSchema,
  deviceStatusSchema,
  eventSchema,
  healthSchema,
  outboxMarkSchema,
} from './payloads.ts';
import {
  askRequestSchema,
  askResponseSchema,
  describeRequestSchema,
  describeResponseSchema,
  restartRequestSchema,
  restartResponseSchema,
  setResponseSchema,
} from './requests.ts';
import { workAnswerSchema, workItemSchema, workPropertiesSchema } from './work.ts';

/** One topic of the contract. */
export interface Channel {
  /** The topic, with its variable levels in braces. */
  readonly address: string;
  /** Whether Scenecast publishes here (`out`) or subscribes (`in`). */
  readonly direction: 'out' | 'in';
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** Of the JSON payload; null: there is none. */
  readonly payload: z.ZodType | null;
  /** Content types of payloads that are not JSON. */
  readonly files?: readonly string[];
  /** Of the MQTT 5 user properties beside a payload that is not JSON. */
  readonly properties?: z.ZodType;
  /** Where the answer to a command goes. */
  readonly reply?: string;
  readonly summary: string;
}

const state = { direction: 'out', qos: 1, retain: true } as const;
const command = { direction: 'in', qos: 1, retain: false } as const;
const response = { direction: 'out', qos: 1, retain: false } as const;

/** Every topic that Scenecast publishes or reads, with what is said there. */
export const contract = {
  status: {
    ...state,
    address: 'scenecast/{device}/status',
    payload: deviceStatusSchema,
    summary: 'whether the daemon is there; also the last will',
  },
  info: {
    ...state,
    address: 'scenecast/{device}/info',
    payload: infoSchema,
    summary: 'what runs here: version, model, board, plan, cameras, config',
  },
  health: {
    ...state,
    qos: 0,
    address: 'scenecast/{device}/health',
    payload: healthSchema,
    summary: 'how the daemon does, every `health_interval`',
  },
  outbox: {
    ...state,
    address: 'scenecast/{device}/outbox',
    payload: outboxMarkSchema,
    summary: 'for Scenecast itself: how much of its outbox this broker has',
  },
  cameraStatus: {
    ...state,
    address: 'scenecast/{device}/{camera}/status',
    payload: cameraStatusSchema,
    summary: 'whether the camera gives pictures, and why not',
  },
  description: {
    ...state,
    address: 'scenecast/{device}/{camera}/description',
    payload: descriptionSchema,
    summary: 'the newest description, its answers, timings and tokens',
  },
  answer: {
    ...state,
    address: 'scenecast/{device}/{camera}/answer/{question}',
    payload: answerSchema,
    summary: 'the newest answer to a standing question',
  },
  event: {
    ...state,
    retain: false,
    address: 'scenecast/{device}/{camera}/event',
    payload: eventSchema,
    summary: "a frame's life",
  },
  image: {
    ...state,
    qos: 0,
    address: 'scenecast/{device}/{camera}/image',
    payload: null,
    files: ['image/jpeg'],
    summary: 'the picture that was described last, privacy masks painted; off unless the config says so',
  },
  cameraConfig: {
    ...state,
    address: 'scenecast/{device}/{camera}/config',
    payload: cameraConfigSchema,
    summary: "the camera's settings that MQTT may change",
  },
  setPaused: {
    ...command,
    address: 'scenecast/{device}/{camera}/set/paused',
    payload: settings.paused.payload,
    reply: 'setResponse',
    summary: 'pauses a camera, or goes on',
  },
  setInterval: {
    ...command,
    address: 'scenecast/{device}/{camera}/set/interval',
    payload: settings.interval.payload,
    reply: 'setResponse',
    summary: "changes a camera's interval",
  },
  setPrompt: {
    ...command,
    address: 'scenecast/{device}/{camera}/set/prompt',
    payload: settings.prompt.payload,
    reply: 'setResponse',
    summary: 'changes what a camera is asked for',
  },
  setResponse: {
    ...response,
    address: 'scenecast/{device}/response/set',
    payload: setResponseSchema,
    summary: 'what came of a `set`',
  },
  describeRequest: {
    ...command,
    address: 'scenecast/{device}/request/describe',
    payload: describeRequestSchema,
    reply: 'describeResponse',
    summary: 'describes a camera at once',
  },
  describeResponse: {
    ...response,
    address: 'scenecast/{device}/response/describe',
    payload: describeResponseSchema,
    summary: 'the description that was asked for',
  },
  askRequest: {
    ...command,
    address: 'scenecast/{device}/request/ask',
    payload: askRequestSchema,
    reply: 'askResponse',
    summary: 'asks a question about what a camera sees now, where the config allows it',
  },
  askResponse: {
    ...response,
    address: 'scenecast/{device}/response/ask',
    payload: askResponseSchema,
    summary: 'the answer to such a question',
  },
  restartRequest: {
    ...command,
    address: 'scenecast/{device}/request/restart',
    payload: restartRequestSchema,
    reply: 'restartResponse',
    summary: 'starts the engine anew; cameras and connection stay',
  },
  restartResponse: {
    ...response,
    address: 'scenecast/{device}/response/restart',
    payload: restartResponseSchema,
    summary: 'whether it did',
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
    summary: 'an image that a board without an engine of its own sends to the pool',
  },
  workAnswer: {
    ...response,
    address: 'scenecast/{device}/response/work',
    payload: workAnswerSchema,
    summary:
      'what a worker says of an image, at the response topic that came with it; a board that sends names this one',
  },
} as const satisfies Record<string, Channel>;
