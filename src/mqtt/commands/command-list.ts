import type { z } from 'zod';
import {
  cameraSettingsPayload,
  type Setting,
  settingChange,
  settingNames,
  settings,
} from '../../contract/camera-config.ts';
import { observedPayload } from '../../contract/payloads.ts';
import { askedOf } from '../../contract/questions.ts';
import {
  askRequestSchema,
  describeRequestSchema,
  feedbackRequestSchema,
  restartRequestSchema,
  unwatchRequestSchema,
  watchRequestSchema,
} from '../../contract/requests.ts';
import { topicsOf, type Verb } from '../../contract/topics.ts';
import { runningWatchPayload } from '../../contract/watches.ts';
import type { CommandHandlers } from '../../pipeline/ports.ts';

/** What the config allows. */
export interface AllowedCommands {
  readonly describe: boolean;
  readonly ask: boolean;
  readonly feedback: boolean;
  readonly restart: boolean;
  readonly watch: boolean;
  readonly set: readonly Setting[];
}

/** One topic that takes commands. */
export interface Command {
  readonly topic: string;
  readonly responseTopic: string;
  readonly schema: z.ZodType;
  /** Why the command is forbidden; null: it is allowed. */
  readonly forbidden: string | null;
  /** @param payload as parsed by the schema. Resolves with the data of the response. */
  run(payload: unknown, signal: AbortSignal): Promise<unknown>;
}

/** Every command of a device. */
export function commandsOf(
  device: string,
  cameras: readonly string[],
  allowed: AllowedCommands,
  handlers: CommandHandlers,
): Command[] {
  const topics = topicsOf(device);
  const forbidden = (name: Exclude<Verb, 'unwatch'>): string | null =>
    allowed[name] ? null : `the config does not allow it: mqtt.commands.${name}`;
  const verb = <Schema extends z.ZodType>(
    name: Verb,
    schema: Schema,
    run: (payload: z.output<Schema>, signal: AbortSignal) => Promise<unknown>,
  ): Command => ({
    topic: topics.request(name),
    responseTopic: topics.response(name),
    schema,
    forbidden: forbidden(name === 'unwatch' ? 'watch' : name),
    run: (payload, signal) => run(payload as z.output<Schema>, signal),
  });
  const set = (camera: string, setting: Setting): Command => ({
    topic: topics.set(camera, setting),
    responseTopic: topics.response('set'),
    schema: settings[setting].payload,
    forbidden: allowed.set.includes(setting)
      ? null
      : `the config does not allow changing ${setting}: mqtt.commands.set`,
    run: async (payload) => {
      const changed = await handlers.set(camera, settingChange(setting, payload));
      return { camera, config: cameraSettingsPayload(changed) };
    },
  });
  return [
    verb('describe', describeRequestSchema, async ({ camera = null, prompt, detail, questions }, signal) => {
      const { observation } = await handlers.request(camera, { prompt, detail, questions }, signal);
      return observedPayload(observation, new Date());
    }),
    verb('ask', askRequestSchema, async ({ camera = null, question, model }, signal) => {
      const asked = { ...askedOf(question), model };
      const { observation, answer } = await handlers.request(camera, { ask: asked }, signal);
      const { id, camera: name, capturedAt } = observation.frame;
      return { id, camera: name, ask: asked.ask, value: answer!, captured_at: capturedAt.toISOString() };
    }),
    verb('watch', watchRequestSchema, async ({ camera = null, when, every_s, until, note = null }) => {
      const everyMs = every_s === undefined ? null : Math.round(every_s * 1000);
      const watch = { camera, when, everyMs, until: new Date(until), note };
      return runningWatchPayload(await handlers.watch(watch));
    }),
    verb('unwatch', unwatchRequestSchema, async ({ watch }) => {
      await handlers.unwatch(watch);
      return null;
    }),
    verb('feedback', feedbackRequestSchema, ({ camera = null, question = null, id = null, right, value }) =>
      handlers.feedback({
        ...{ camera, question, id },
        verdict: value === undefined ? { isRight: right! } : { value },
      }),
    ),
    verb('restart', restartRequestSchema, async ({ what }, signal) => {
      await handlers.restart(what, signal);
      return null;
    }),
    ...cameras.flatMap((camera) => settingNames.map((setting) => set(camera, setting))),
  ];
}
