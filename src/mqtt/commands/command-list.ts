import type { z } from 'zod';
import {
  cameraConfigPayload,
  type Setting,
  settingChange,
  settingNames,
  settings,
} from '../../contract/camera-config.ts';
import { answerPayload, descriptionPayload } from '../../contract/payloads.ts';
import { askedOf } from '../../contract/questions.ts';
import { askRequestSchema, describeRequestSchema, restartRequestSchema } from '../../contract/requests.ts';
import { topicsOf } from '../../contract/topics.ts';
import type { CameraSettings } from '../../domain/camera-settings.ts';
import type { DescriptionOptions, DescriptionResult } from '../../domain/description-options.ts';

/** What commands can do; each call rejects with a CommandError, or what went wrong. */
export interface CommandPowers {
  /** `camera` null: the only one. Rejects with the signal's reason when it aborts. */
  request(
    camera: string | null,
    options: DescriptionOptions,
    signal: AbortSignal,
  ): Promise<DescriptionResult>;
  /** Starts the engine anew; resolves when it is ready. Rejects where the signal aborts. */
  restart(signal: AbortSignal): Promise<void>;
  /** Resolves with all of the camera's settings. */
  set(camera: string, change: Partial<CameraSettings>): Promise<CameraSettings>;
}

/** What the config allows. */
export interface AllowedCommands {
  readonly describe: boolean;
  readonly ask: boolean;
  readonly restart: boolean;
  readonly set: readonly Setting[];
}

/** One topic that takes commands. */
export interface Command {
  readonly topic: string;
  readonly responseTopic: string;
  readonly schema: z.ZodType;
  /** Why not; null: it is allowed. */
  readonly forbidden: string | null;
  /** Carries out what the schema gave; resolves with the response's data. */
  run(payload: unknown, signal: AbortSignal): Promise<unknown>;
}

/** Every command of a device. */
export function commandsOf(
  device: string,
  cameras: readonly string[],
  allowed: AllowedCommands,
  powers: CommandPowers,
): Command[] {
  const topics = topicsOf(device);
  const verb = <Schema extends z.ZodType>(
    name: 'describe' | 'ask' | 'restart',
    schema: Schema,
    run: (payload: z.output<Schema>, signal: AbortSignal) => Promise<unknown>,
  ): Command => ({
    topic: topics.request(name),
    responseTopic: topics.response(name),
    schema,
    forbidden: allowed[name] ? null : `the config does not allow it: mqtt.commands.${name}`,
    run: (payload, signal) => run(payload as z.output<Schema>, signal),
  });
  const set = (camera: string, setting: Setting): Command => ({
    topic: topics.set(camera, setting),
    responseTopic: topics.response('set'),
    schema: settings[setting].payload,
    forbidden: allowed.set.includes(setting)
      ? null
      : `the config does not allow to set ${setting}: mqtt.commands.set`,
    run: async (payload) => {
      const changed = await powers.set(camera, settingChange(setting, payload));
      return { camera, config: cameraConfigPayload(changed) };
    },
  });
  return [
    verb('describe', describeRequestSchema, async ({ camera = null, prompt, detail, questions }, signal) => {
      const { observation } = await powers.request(camera, { prompt, detail, questions }, signal);
      return descriptionPayload(observation, new Date());
    }),
    verb('ask', askRequestSchema, async ({ camera = null, question }, signal) => {
      const asked = askedOf(question);
      const { observation, answer } = await powers.request(camera, { ask: asked }, signal);
      const { id, value, captured_at } = answerPayload(observation, answer!);
      return { id, camera: observation.frame.camera, ask: asked.ask, value, captured_at };
    }),
    verb('restart', restartRequestSchema, async (_payload, signal) => {
      await powers.restart(signal);
      return null;
    }),
    ...cameras.flatMap((camera) => settingNames.map((setting) => set(camera, setting))),
  ];
}
