import type { z } from 'zod';
import { ConfigError, messageOf } from '../../domain/errors.ts';
import { shorten } from '../../domain/shorten.ts';
import { readOptionalText } from '../../system/read-text.ts';
import { refuseForeign } from '../foreign-content.ts';

/**
 * Reads and checks a JSON file of a checkpoint.
 * @throws ConfigError with the file and, if a field is invalid, the field and its value
 */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  return checkJson(path, parseJson(path, await requireText(path)), schema);
}

/** Like `readJson`; null if there is no such file. */
export async function readOptionalJson<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  const source = await readOptionalText(path);
  return source === null ? null : checkJson(path, parseJson(path, source), schema);
}

/** Checks parsed JSON. @throws ConfigError with `path`, the field, its value and what it must be */
export function checkJson<T>(path: string, value: unknown, schema: z.ZodType<T>): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const found = issue.path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown>)?.[key],
    value,
  );
  const field = issue.path.length === 0 ? '' : ` ${issue.path.map(String).join('.')}`;
  throw new ConfigError(`${path}:${field} is ${shown(found)}: ${issue.message}`);
}

/** Parses JSON without the nulls in objects, which checkpoints write for missing values. */
export function parseJson(path: string, source: string): unknown {
  refuseForeign(path, Buffer.from(source.slice(0, 64)), Buffer.byteLength(source));
  try {
    return JSON.parse(source, function (this: unknown, _key, value: unknown) {
      return value === null && !Array.isArray(this) ? undefined : value;
    });
  } catch (cause) {
    throw new ConfigError(`${path}: not JSON (${messageOf(cause)}); download the file again`, { cause });
  }
}

async function requireText(path: string): Promise<string> {
  const source = await readOptionalText(path);
  if (source === null) throw new ConfigError(`${path}: is missing; download the checkpoint again`);
  return source;
}

function shown(value: unknown): string {
  return shorten(JSON.stringify(value) ?? 'missing', 60);
}
