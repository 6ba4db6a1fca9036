import type { z } from 'zod';
import { type HealthPayload, healthSchema } from '../contract/health-payload.ts';
import { type InfoPayload, infoSchema } from '../contract/info.ts';
import {
  type AnswerPayload,
  answerSchema,
  type CameraStatusPayload,
  cameraStatusSchema,
  type DescriptionPayload,
  descriptionSchema,
  deviceStatusSchema,
} from '../contract/payloads.ts';
import { type AlertPayload, alertSchema, type RulePayload, ruleSchema } from '../contract/rule-payloads.ts';
import { topicsOf } from '../contract/topics.ts';
import { type VisionPayload, visionSchema } from '../contract/vision-payload.ts';
import { matchesFilter } from './connection/matches-filter.ts';
import { type ReadPayload, readPayload } from './read-payload.ts';

/** The payloads of a board's state, and its alerts, by the name of their channel. */
interface BoardPayloads {
  readonly status: z.output<typeof deviceStatusSchema>;
  readonly info: InfoPayload;
  readonly health: HealthPayload;
  readonly cameraStatus: CameraStatusPayload;
  readonly vision: VisionPayload;
  readonly description: DescriptionPayload;
  readonly answer: AnswerPayload;
  readonly rule: RulePayload;
  readonly alert: AlertPayload;
}

/** One message of a board's state. `content` null: the topic was cleared. */
export type BoardMessage = {
  [Channel in keyof BoardPayloads]: {
    readonly channel: Channel;
    readonly device: string;
    /** '' if it is about the board. */
    readonly camera: string;
    /** Of the question or the rule; '' if it is neither answer nor rule. */
    readonly name: string;
    readonly content: ReadPayload<BoardPayloads[Channel]> | null;
  };
}[keyof BoardPayloads];

const schemas: { readonly [Channel in keyof BoardPayloads]: z.ZodType<BoardPayloads[Channel]> } = {
  status: deviceStatusSchema,
  info: infoSchema,
  health: healthSchema,
  cameraStatus: cameraStatusSchema,
  vision: visionSchema,
  description: descriptionSchema,
  answer: answerSchema,
  rule: ruleSchema,
  alert: alertSchema,
};

/** The topics of a board's state. @param device null: of all boards */
export function boardFilters(device: string | null): Readonly<Record<keyof BoardPayloads, string>> {
  const topics = topicsOf(device ?? '+');
  return {
    status: topics.status,
    info: topics.info,
    health: topics.health,
    cameraStatus: topics.cameraStatus('+'),
    vision: topics.vision('+'),
    description: topics.description('+'),
    answer: topics.answer('+', '+'),
    rule: topics.rule('+', '+'),
    alert: topics.alert('+'),
  };
}

const filters = Object.entries(boardFilters(null)) as [keyof BoardPayloads, string][];

/** Reads a message of one of these topics; null: it is none of them. */
export function boardMessageOf(topic: string, payload: Buffer): BoardMessage | null {
  const [channel] = filters.find(([, filter]) => matchesFilter(filter, topic)) ?? [];
  if (!channel) return null;
  const [, device = '', camera = '', , name = ''] = topic.split('/');
  const isOfCamera = boardFilters(null)[channel].split('/').length > 3;
  const content = payload.length === 0 ? null : readPayload<unknown>(schemas[channel], payload);
  return { channel, device, camera: isOfCamera ? camera : '', name, content } as BoardMessage;
}
