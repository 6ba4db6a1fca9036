import type { z } from 'zod';
import { errorResponse, maxCommandBytes, okResponse, type ResponseError } from '../../contract/requests.ts';
import { schemaFault } from '../../contract/schema-fault.ts';
import { CommandError, messageOf } from '../../domain/errors.ts';
import { shorten } from '../../domain/shorten.ts';
import { TokenBucket } from '../../domain/token-bucket.ts';
import type { CommandHandlers, Log } from '../../pipeline/ports.ts';
import type { Message } from '../connection/message.ts';
import type { Incoming, OnMessage } from '../connection/subscriptions.ts';
import { type AllowedCommands, type Command, commandsOf } from './command-list.ts';
import { isResponseTopic } from './response-topic.ts';
import { TallyLog } from './tally-log.ts';

export interface CommandsOptions extends CommandHandlers {
  readonly device: string;
  readonly cameras: readonly string[];
  readonly allowed: AllowedCommands;
  /** Maximum commands per second (sustained), and at once; of all kinds together. */
  readonly rate: number;
  readonly burst: number;
  /** Commands that take longer are answered with `expired`. */
  readonly timeoutMs: number;
  /** Resolves once the broker has accepted the subscription, with a function that ends it. */
  readonly subscribe: (topic: string, onMessage: OnMessage, signal: AbortSignal) => Promise<() => void>;
  /** Rejects if the broker does not get the message. */
  readonly send: (message: Message) => Promise<void>;
  readonly log: Log;
}

/** Further commands are refused while this many are in progress. */
const maxInProgress = 8;
/** `rate_limited` answers per second: a flood must not be answered with a flood. */
const refusalsPerSecond = 1;
const maxMessageLength = 500;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Receives commands over MQTT, validates and rate-limits them, has them carried out, and answers. Payloads are checked
 * against their schema, and are never anything but data.
 */
export class Commands {
  readonly #options: CommandsOptions;
  readonly #commands: readonly Command[];
  readonly #stopped = new AbortController();
  readonly #bucket: TokenBucket;
  readonly #refusals = new TokenBucket(refusalsPerSecond, 1);
  readonly #tally: TallyLog;
  readonly #inProgress = new Map<Promise<void>, AbortController>();
  #subscribed: Promise<(() => void) | null>[] = [];

  constructor(options: CommandsOptions) {
    const { device, cameras, allowed, rate, burst, log } = options;
    this.#options = options;
    this.#commands = commandsOf(device, cameras, allowed, options);
    this.#bucket = new TokenBucket(rate, burst);
    this.#tally = new TallyLog(log, 'commands refused or not answered');
  }

  /** Subscribes in the background; returns at once. */
  start(): void {
    const { signal } = this.#stopped;
    this.#subscribed = this.#commands.map((command) =>
      this.#options
        .subscribe(command.topic, (message) => this.#receive(command, message), signal)
        .catch(() => null),
    );
  }

  /** Accepts no more commands; those in progress are answered with `failed`. */
  async close(): Promise<void> {
    this.#stopped.abort(new CommandError('failed', 'Scenecast is stopping'));
    for (const end of await Promise.all(this.#subscribed)) end?.();
    for (const expiry of this.#inProgress.values()) expiry.abort(this.#stopped.signal.reason);
    await Promise.all(this.#inProgress.keys());
    this.#tally.close();
  }

  #receive(command: Command, message: Incoming): void {
    if (this.#stopped.signal.aborted) return;
    // A retained command is old, and would be carried out at each connect.
    if (message.retained) this.#tally.count('retained');
    else if (this.#bucket.take()) this.#read(command, message);
    else this.#refuse(command, message, 'too many commands');
  }

  #read(command: Command, message: Incoming): void {
    const read = parse(message.payload, command.schema);
    const { transaction } = read;
    const refuse = (code: ResponseError['code'], reason: string): void =>
      this.#answer(
        command,
        message,
        errorResponse({ code, message: shorten(reason, maxMessageLength) }, transaction),
      );
    if ('fault' in read) refuse('invalid', read.fault);
    else if (command.forbidden !== null) refuse('forbidden', command.forbidden);
    else if (this.#inProgress.size < maxInProgress) this.#begin(command, message, read);
    else this.#refuse(command, message, `${maxInProgress} commands are in progress`, transaction);
  }

  #begin(command: Command, message: Incoming, { value, transaction }: Parsed): void {
    const { timeoutMs } = this.#options;
    const expiry = new AbortController();
    const timer = setTimeout(
      () => expiry.abort(new CommandError('expired', `not completed within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    // Copied, so that the command does not keep the whole packet in memory.
    const { responseTopic, correlationData } = message;
    const caller = {
      responseTopic,
      correlationData: correlationData && Buffer.from(correlationData),
    };
    const work = command
      .run(value, expiry.signal)
      .then(
        (data) => okResponse(data, transaction),
        (error: unknown) => errorResponse(faultOf(error, expiry.signal), transaction),
      )
      .then((response) => {
        clearTimeout(timer);
        this.#inProgress.delete(work);
        this.#answer(command, caller, response);
      });
    this.#inProgress.set(work, expiry);
  }

  #refuse(command: Command, message: Incoming, reason: string, transaction?: string): void {
    this.#tally.count('rate_limited');
    if (!this.#refusals.take()) return;
    this.#answer(command, message, errorResponse({ code: 'rate_limited', message: reason }, transaction));
  }

  #answer(
    { responseTopic }: Command,
    caller: Pick<Incoming, 'responseTopic' | 'correlationData'>,
    response: object,
  ): void {
    const payload = JSON.stringify(response);
    const { responseTopic: callerTopic, correlationData } = caller;
    // If the caller chose the same topic, it is answered once.
    if (callerTopic !== responseTopic) this.#send({ topic: responseTopic, payload });
    if (callerTopic === undefined) return;
    const properties = correlationData && { correlationData };
    if (isResponseTopic(callerTopic))
      this.#send({ topic: callerTopic, payload, ...(properties && { properties }) });
    else this.#tally.count('response_topic_refused');
  }

  #send(message: Pick<Message, 'topic' | 'payload' | 'properties'>): void {
    this.#options
      .send({ ...message, qos: 1, retain: false })
      // Only counted: topics chosen by callers are not logged, as there is no limit to them.
      .catch(() => this.#tally.count('not_answered'));
  }
}

interface Parsed {
  readonly value: unknown;
  readonly transaction: string | undefined;
}

interface Fault {
  readonly fault: string;
  readonly transaction: string | undefined;
}

/** A payload that is too large is not parsed. */
function parse(payload: Buffer, schema: z.ZodType): Parsed | Fault {
  if (payload.length > maxCommandBytes) {
    const fault = `${payload.length} bytes; a command must be at most ${maxCommandBytes}`;
    return { fault, transaction: undefined };
  }
  let json: unknown;
  try {
    json = JSON.parse(utf8.decode(payload));
  } catch (error) {
    return { fault: `not JSON: ${messageOf(error)}`, transaction: undefined };
  }
  const transaction = transactionOf(json);
  const result = schema.safeParse(json);
  if (result.success) return { value: result.data, transaction };
  return { fault: schemaFault(result.error), transaction };
}

/** Echoed even if the rest of the payload is invalid. */
function transactionOf(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, 'transaction')) return undefined;
  const { transaction } = json as { transaction: unknown };
  return typeof transaction === 'string' && transaction.length <= 128 ? transaction : undefined;
}

function faultOf(error: unknown, signal: AbortSignal): ResponseError {
  const cause: unknown = signal.aborted ? signal.reason : error;
  const code = cause instanceof CommandError ? cause.code : 'failed';
  return { code, message: shorten(messageOf(cause), maxMessageLength) };
}
