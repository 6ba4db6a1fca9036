import type { z } from 'zod';
import { schemaFault } from '../contract/schema-fault.ts';
import { parseJson } from './parse-json.ts';

/** A payload, or what is wrong with it in words. */
export type ReadPayload<Payload> =
  | { readonly payload: Payload; readonly fault: null }
  | { readonly payload: null; readonly fault: string };

const maxBytes = 1 << 20;

/**
 * Reads a payload of a Scenecast that may be of another version: fields that this one does not know are left out, and a newer
 * schema is named.
 */
export function readPayload<Payload>(schema: z.ZodType<Payload>, bytes: Buffer): ReadPayload<Payload> {
  const failed = (fault: string): ReadPayload<Payload> => ({ payload: null, fault });
  if (bytes.length > maxBytes) return failed(`it has ${bytes.length} bytes`);
  const json = parseJson(bytes);
  if (!isRecord(json)) return failed('it is not a JSON object');
  const { schema: version } = json;
  if (typeof version === 'number' && version > 1)
    return failed(`its schema ${version} is newer than this Scenecast; update it`);
  for (;;) {
    const { data, error } = schema.safeParse(json);
    if (!error) return { payload: data, fault: null };
    const unknown = error.issues.filter((issue) => issue.code === 'unrecognized_keys');
    if (unknown.length === 0) return failed(schemaFault(error));
    for (const { path, keys } of unknown) removeKeys(json, path, keys);
  }
}

function removeKeys(
  json: Record<string, unknown>,
  path: readonly PropertyKey[],
  keys: readonly string[],
): void {
  let place: unknown = json;
  for (const level of path) place = (place as Record<PropertyKey, unknown>)[level];
  for (const key of keys) delete (place as Record<string, unknown>)[key];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
