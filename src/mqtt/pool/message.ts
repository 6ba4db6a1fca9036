import type { IPublishPacket } from 'mqtt';
import { ulid } from 'ulid';
import type { z } from 'zod';
import { questionsOf } from '../../contract/questions.ts';
import type { ResponseError } from '../../contract/requests.ts';
import { schemaFault } from '../../contract/schema-fault.ts';
import { workItemSchema, workPropertiesSchema, workQuestionsSchema } from '../../contract/work.ts';
import type { Detail } from '../../domain/detail.ts';
import { CodedError, messageOf } from '../../domain/errors.ts';
import type { Question } from '../../domain/observation.ts';

/** Where the answer to an image goes, and the data by which its sender matches it. */
export interface ReplyAddress {
  readonly topic: string;
  readonly correlationData: Buffer | undefined;
  readonly transaction: string | undefined;
}

/** An image to describe, with its prompt and questions. */
export interface WorkItem {
  readonly id: string;
  readonly image: Buffer;
  /** null: the worker board's own. */
  readonly prompt: string | null;
  readonly questions: readonly Question[];
  readonly detail: Detail | undefined;
  readonly ifBusy: 'wait' | 'refuse';
  /** null: any pool. */
  readonly pool: string | null;
}

/** Why an image is not described. */
export class WorkError extends CodedError<ResponseError['code']> {
  override readonly name = 'WorkError';
}

const openingBrace = 0x7b;
/** Allowance for an envelope's texts. */
const maxTextBytes = 64 * 1024;

/** Maximum size of a message with such an image: in base64, with prompt and questions. */
export function maxMessageBytes(maxImageBytes: number): number {
  return Math.ceil(maxImageBytes / 3) * 4 + maxTextBytes;
}

/** A message on the work topic. The reply address is parsed first, so that faults in the rest can be answered. */
export class WorkMessage {
  /** null: an answer is impossible. */
  readonly reply: ReplyAddress | null;
  /** Why the given response topic is invalid; else null. */
  readonly replyFault: string | null;
  readonly #payload: Buffer;
  readonly #properties: Readonly<Record<string, unknown>>;
  readonly #envelope: unknown;
  readonly #envelopeFault: string | null;

  constructor(payload: Buffer, properties: IPublishPacket['properties'], maxImageBytes: number) {
    this.#payload = payload;
    this.#properties = { ...properties?.userProperties };
    const parsed = parseEnvelope(payload, maxImageBytes);
    this.#envelope = parsed.envelope;
    this.#envelopeFault = parsed.fault;
    const topic = properties?.responseTopic ?? textIn(parsed.envelope, 'response_topic');
    this.replyFault = topic === undefined ? null : faultOfReplyTopic(topic);
    const transaction = textIn(parsed.envelope ?? this.#properties, 'transaction');
    this.reply =
      topic === undefined || this.replyFault !== null
        ? null
        : {
            topic,
            correlationData: properties?.correlationData,
            transaction: transaction && transaction.length <= 128 ? transaction : undefined,
          };
  }

  /** @throws WorkError if the message is invalid. */
  read(): WorkItem {
    if (this.#envelopeFault !== null) throw new WorkError('invalid', this.#envelopeFault);
    return this.#envelope === undefined ? this.#readFile() : this.#readEnvelope();
  }

  #readFile(): WorkItem {
    const { questions, ...asked } = parse(workPropertiesSchema, this.#properties, 'the user properties');
    return itemOf(this.#payload, {
      ...asked,
      questions:
        questions === undefined
          ? undefined
          : parse(workQuestionsSchema, parseJson(questions, 'the user property questions'), 'questions'),
    });
  }

  #readEnvelope(): WorkItem {
    const { image, ...asked } = parse(workItemSchema, this.#envelope, 'the JSON');
    return itemOf(Buffer.from(image, 'base64'), asked);
  }
}

type Asked = Omit<z.output<typeof workItemSchema>, 'schema' | 'image' | 'response_topic' | 'transaction'>;

function itemOf(image: Buffer, { id, prompt, questions, detail, if_busy, pool }: Asked): WorkItem {
  return {
    id: id ?? ulid(),
    image,
    prompt: prompt ?? null,
    questions: questionsOf(questions ?? {}),
    detail,
    ifBusy: if_busy ?? 'wait',
    pool: pool ?? null,
  };
}

/** Parses a payload that begins with `{` as JSON; `envelope` is undefined for any other. */
function parseEnvelope(
  payload: Buffer,
  maxImageBytes: number,
): { readonly envelope: unknown; readonly fault: string | null } {
  if (payload[0] !== openingBrace) return { envelope: undefined, fault: null };
  const maxBytes = maxMessageBytes(maxImageBytes);
  if (payload.length > maxBytes)
    return {
      envelope: undefined,
      fault: `${payload.length} bytes of JSON; this worker board accepts at most ${maxBytes}`,
    };
  try {
    return { envelope: parseJson(payload.toString('utf8'), 'the payload'), fault: null };
  } catch (error) {
    return { envelope: undefined, fault: messageOf(error) };
  }
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WorkError('invalid', `${what}: not valid JSON`, { cause });
  }
}

function parse<Output>(schema: z.ZodType<Output>, value: unknown, what: string): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new WorkError('invalid', schemaFault(result.error, what));
}

function textIn(value: unknown, key: string): string | undefined {
  const text = value !== null && typeof value === 'object' ? Reflect.get(value, key) : undefined;
  return typeof text === 'string' ? text : undefined;
}

/**
 * Why a topic is not allowed for an answer; null: it is. Without this check, anyone who may send an image could use the
 * worker board's rights to write to other topics.
 */
function faultOfReplyTopic(topic: string): string | null {
  if (!/^[^+#\p{Cc}]{1,512}$/u.test(topic) || !topic.isWellFormed())
    return 'it must be a topic of at most 512 characters, without wildcards';
  if (topic.startsWith('$')) return 'topics that begin with $ are reserved for the broker';
  if (/^scenecast\//.test(topic) && !/^scenecast\/[^/]+\/response\/work$/.test(topic))
    return 'below scenecast/ it must be scenecast/<device>/response/work';
  return null;
}
