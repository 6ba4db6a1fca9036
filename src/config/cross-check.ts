import { realpathSync } from 'node:fs';
import { normalize } from 'node:path';
import type { z } from 'zod';
import { reservedCameraNames, reservedDeviceNames } from '../contract/topics.ts';
import { needLocation } from './hours-schema.ts';
import { refuseConditions } from './rule-schema.ts';

/** A config of which any part may have faults already. */
interface Unchecked {
  readonly device?: unknown;
  readonly cameras?: unknown;
  readonly prompts?: unknown;
  readonly location?: unknown;
  readonly work?: { readonly pool?: unknown } | null;
  readonly engine?: unknown;
  readonly model?: unknown;
  readonly models?: unknown;
  readonly serve?: { readonly listen?: unknown } | null;
}

type Refuse = (path: PropertyKey[], input: unknown, message: string) => void;

/** What the schemas of the sections cannot see. It runs even if they have found faults, so that all are listed at once. */
export function crossCheck(config: unknown, context: z.RefinementCtx): void {
  if (!isSection(config)) return;
  const { device, cameras = {}, prompts, location, work, serve, engine, model, models } = config as Unchecked;
  const refuse: Refuse = (path, input, message) => context.addIssue({ code: 'custom', path, input, message });
  if (reservedDeviceNames.has(device as string))
    refuse(['device'], device, 'is reserved for images sent to worker boards; choose another name');
  const hasTwo = models !== undefined;
  if (hasTwo && model !== undefined)
    refuse(['models'], undefined, 'takes the place of model; remove one of the two');
  if (hasTwo && engine !== undefined && engine !== 'own')
    refuse(['models'], undefined, 'needs engine: own, as other engines have a model of their own; use model');
  if (!isSection(cameras)) return;
  // Cameras with faulty names are missing here.
  const isFaulty = context.issues.some(({ path }) => path?.[0] === 'cameras');
  const isForOthers = (work?.pool ?? null) !== null || (serve?.listen ?? null) !== null;
  if (Object.keys(cameras).length === 0 && !isFaulty && !isForOthers)
    refuse(
      ['cameras'],
      cameras,
      'must name at least one camera, unless work.pool names a pool or serve.listen an address',
    );
  refuseAlike(['cameras'], cameras, refuse);
  const devices = new Map<string, string>();
  for (const [name, camera] of Object.entries(cameras)) {
    if (reservedCameraNames.has(name))
      refuse(
        ['cameras', name],
        name,
        `is a reserved topic level; choose another name, such as ${name}_camera`,
      );
    if (!isSection(camera)) continue;
    const { prompt, source, hours, questions, rules, change } = camera;
    if (change === true && engine === 'pool')
      refuse(
        ['cameras', name, 'change'],
        change,
        'has no effect with engine: pool, as worker boards do not know the last description; remove it',
      );
    if (!hasTwo) refuseModel(['cameras', name], camera, refuse);
    if (!hasTwo && isSection(questions))
      for (const [question, spec] of Object.entries(questions))
        refuseModel(['cameras', name, 'questions', question], spec, refuse);
    refuseAlike(['cameras', name, 'questions'], questions, refuse);
    refuseAlike(['cameras', name, 'rules'], rules, refuse);
    if (isSection(rules))
      refuseConditions(rules, isSection(questions) ? questions : {}, (path, input, message) =>
        refuse(['cameras', name, 'rules', ...path], input, message),
      );
    if ((location ?? null) === null && needLocation(hours))
      refuse(
        ['location'],
        null,
        `must be [latitude, longitude] in degrees, such as [52.52, 13.4], for the sunrise and sunset of cameras.${name}.hours`,
      );
    if (typeof prompt === 'string' && isSection(prompts) && !Object.hasOwn(prompts, prompt))
      refuse(
        ['cameras', name, 'prompt'],
        prompt,
        `must be one of the prompts: ${Object.keys(prompts).join(', ')}`,
      );
    const path = deviceOf(source);
    if (path === null) continue;
    const other = devices.get(path);
    if (other === undefined) devices.set(path, name);
    else
      refuse(
        ['cameras', name, 'source', 'device'],
        (source as { device: string }).device,
        `is the device of cameras.${other} too, and can be opened only once; give that camera all questions`,
      );
  }
}

/** With one model there is none to choose. */
function refuseModel(path: readonly PropertyKey[], section: unknown, refuse: Refuse): void {
  const model = isSection(section) ? (section['model'] ?? null) : null;
  if (model !== null)
    refuse(
      [...path, 'model'],
      model,
      'there is only one model; remove it, or use models: { quick: ..., thorough: ... } in place of model',
    );
}

/** Home Assistant's entity ids have only lower-case letters, digits and underscores: such names would give the same id. */
function refuseAlike(path: readonly PropertyKey[], section: unknown, refuse: Refuse): void {
  if (!isSection(section)) return;
  const names = new Map<string, string>();
  for (const name of Object.keys(section)) {
    const id = name.toLowerCase().replace(/[-_]+/g, '_');
    const other = names.get(id);
    if (other === undefined) names.set(id, name);
    else
      refuse(
        [...path, name],
        name,
        `differs from ${other} only in case, - or _, and would have the same entity ids in Home Assistant; choose another name`,
      );
  }
}

/** The V4L2 device of a source, by the file that its name leads to; null: it has none. */
function deviceOf(source: unknown): string | null {
  if (!isSection(source) || source['type'] !== 'v4l2' || typeof source['device'] !== 'string') return null;
  const { device } = source;
  try {
    return realpathSync(device);
  } catch {
    // Not plugged in.
    return normalize(device);
  }
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
