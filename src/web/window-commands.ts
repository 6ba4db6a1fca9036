import type { z } from 'zod';
import {
  cameraSettingsPayload,
  type Setting,
  settingChange,
  settingNames,
  settings,
} from '../contract/camera-config.ts';
import { observedPayload } from '../contract/payloads.ts';
import { askedOf } from '../contract/questions.ts';
import {
  askRequestSchema,
  describeRequestSchema,
  feedbackRequestSchema,
  unwatchRequestSchema,
  watchRequestSchema,
} from '../contract/requests.ts';
import { schemaFault } from '../contract/schema-fault.ts';
import { runningWatchPayload } from '../contract/watches.ts';
import { aimSchema, type WindowState } from '../contract/window.ts';
import type { CameraAim } from '../domain/camera-aim.ts';
import { CommandError, messageOf } from '../domain/errors.ts';
import type { CommandHandlers } from '../pipeline/ports.ts';
import { WindowError } from './window-error.ts';
import { aimPayload } from './window-feed.ts';

/** What pages can ask for. Each rejects with a CommandError, or with any other error for `failed`. */
export interface WindowHandlers
  extends Pick<CommandHandlers, 'request' | 'set' | 'watch' | 'unwatch' | 'feedback'> {
  /** Resolves with the camera's aim. */
  aim(camera: string, aim: CameraAim): Promise<CameraAim>;
}

export interface WindowCommandsOptions {
  readonly allowed: WindowState['allowed'];
  /** Commands that take longer expire. */
  readonly timeoutMs: number;
}

/** Further commands are refused while this many are in progress. */
const maxInProgress = 8;

/** Carries out what pages ask for, with the payloads that MQTT has, and what the config allows there. */
export class WindowCommands {
  readonly #options: WindowCommandsOptions;
  readonly #stopped = new AbortController();
  #handlers: WindowHandlers | null = null;
  #inProgress = 0;

  constructor(options: WindowCommandsOptions) {
    this.#options = options;
  }

  /** Until this is called, commands are refused: the daemon is starting. */
  accept(handlers: WindowHandlers): void {
    this.#handlers = handlers;
  }

  /** Resolves with the description. @throws WindowError, CommandError */
  async describe(body: unknown): Promise<object> {
    const { camera = null, prompt, detail, questions } = read(body, describeRequestSchema);
    this.#require(this.#options.allowed.describe, 'mqtt.commands.describe');
    const { observation } = await this.#run((handlers, signal) =>
      handlers.request(camera, { prompt, detail, questions }, signal),
    );
    return observedPayload(observation, new Date());
  }

  /** Resolves with the answer to a free question. @throws like `describe` */
  async ask(body: unknown): Promise<object> {
    const { camera = null, question, model } = read(body, askRequestSchema);
    this.#require(this.#options.allowed.ask, 'mqtt.commands.ask');
    const asked = { ...askedOf(question), model };
    const { observation, answer } = await this.#run((handlers, signal) =>
      handlers.request(camera, { ask: asked }, signal),
    );
    const { id, camera: name, capturedAt } = observation.frame;
    return { id, camera: name, ask: asked.ask, value: answer, captured_at: capturedAt.toISOString() };
  }

  /** Waits for a condition; resolves with what the board can do. @throws like `describe` */
  async watch(body: unknown): Promise<object> {
    const { camera = null, when, every_s, until, note = null } = read(body, watchRequestSchema);
    this.#require(this.#options.allowed.watch, 'mqtt.commands.watch');
    const everyMs = every_s === undefined ? null : Math.round(every_s * 1000);
    const watch = { camera, when, everyMs, until: new Date(until), note };
    return runningWatchPayload(await this.#run((handlers) => handlers.watch(watch)));
  }

  /** Ends a watch. @throws like `describe` */
  async unwatch(body: unknown): Promise<object> {
    const { watch } = read(body, unwatchRequestSchema);
    this.#require(this.#options.allowed.watch, 'mqtt.commands.watch');
    await this.#run((handlers) => handlers.unwatch(watch));
    return {};
  }

  /** Labels the picture of an answer as right or wrong; resolves with the label. @throws like `describe` */
  async feedback(body: unknown): Promise<object> {
    const { camera = null, question = null, id = null, right, value } = read(body, feedbackRequestSchema);
    this.#require(this.#options.allowed.feedback, 'mqtt.commands.feedback');
    const verdict = value === undefined ? { isRight: right === true } : { value };
    return this.#run((handlers) => handlers.feedback({ camera, question, id, verdict }));
  }

  /** Changes a setting; resolves with all of the camera's. @throws like `describe` */
  async set(camera: string, setting: string, body: unknown): Promise<object> {
    if (!isSetting(setting))
      throw new WindowError(404, 'unknown', `no setting is named so; there are: ${settingNames.join(', ')}`);
    const value = read(body, settings[setting].payload);
    this.#require(this.#options.allowed.set.includes(setting), 'mqtt.commands.set');
    const changed = await this.#run((handlers) => handlers.set(camera, settingChange(setting, value)));
    return { camera, config: cameraSettingsPayload(changed) };
  }

  /** Changes where a camera looks for changes and what is painted black; resolves with that. @throws like `describe` */
  async aim(camera: string, body: unknown): Promise<object> {
    const aim = read(body, aimSchema);
    this.#require(this.#options.allowed.aim, 'web.aim');
    return aimPayload(await this.#run((handlers) => handlers.aim(camera, aim)));
  }

  /** Commands in progress fail. May be called again. */
  close(): void {
    this.#stopped.abort(new CommandError('failed', 'Scenecast is stopping'));
  }

  #require(isAllowed: boolean, key: string): void {
    if (!isAllowed) throw new WindowError(403, 'forbidden', `the config does not allow it: ${key}`);
  }

  async #run<Result>(
    work: (handlers: WindowHandlers, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const handlers = this.#handlers;
    if (!handlers)
      throw new WindowError(503, 'busy', 'Scenecast is starting; try again soon', { retryAfterSeconds: 5 });
    if (this.#inProgress >= maxInProgress)
      throw new WindowError(429, 'rate_limited', `${maxInProgress} commands are in progress`, {
        retryAfterSeconds: 10,
      });
    const { timeoutMs } = this.#options;
    const expiry = new AbortController();
    const timer = setTimeout(
      () => expiry.abort(new CommandError('expired', `not completed within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    this.#inProgress++;
    try {
      return await work(handlers, AbortSignal.any([expiry.signal, this.#stopped.signal]));
    } catch (error) {
      if (error instanceof CommandError) throw error;
      throw new CommandError('failed', messageOf(error), { cause: error });
    } finally {
      clearTimeout(timer);
      this.#inProgress--;
    }
  }
}

function isSetting(name: string): name is Setting {
  return (settingNames as readonly string[]).includes(name);
}

function read<Schema extends z.ZodType>(body: unknown, schema: Schema): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new WindowError(400, 'invalid', schemaFault(result.error, 'body'));
}
