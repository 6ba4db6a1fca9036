import type { z } from 'zod';
import { closestWord } from '../../domain/closest-word.ts';
import { foreignKeyRemedy } from './foreign-keys.ts';
import { type SectionSchema, sectionAt, sectionOf } from './schema-at.ts';

/** What is wrong with a key that a section does not have, and what was probably meant. */
export function unknownKeyFault(
  schema: z.core.$ZodType,
  config: unknown,
  path: readonly PropertyKey[],
  key: string,
): string {
  return `unknown key "${key}"; ${remedyOf(schema, config, path, key)}`;
}

function remedyOf(
  schema: z.core.$ZodType,
  config: unknown,
  path: readonly PropertyKey[],
  key: string,
): string {
  const section = sectionAt(schema, path, config);
  if (!section) return 'remove it';
  const keys = [...section.keys.keys()];
  const same = keys.find((each) => plain(each) === plain(key));
  if (same !== undefined) return `did you mean "${same}"?`;
  const value = path.reduce<unknown>((inner, each) => (inner as Record<PropertyKey, unknown>)[each], config);
  const { type } = value as { type?: unknown };
  const foreign = foreignKeyRemedy(path, key, type);
  if (foreign !== null) return foreign;
  const types = [...section.keysByType].filter(([, its]) => its.includes(key)).map(([each]) => each);
  if (types.length > 0) return `only type: ${types.join(', ')} has it`;
  for (const [name, inner] of section.keys)
    if (hasKey(sectionOf(inner, (value as Record<string, unknown>)[name]), key))
      return `it belongs in ${name}, as in ${name}: { ${key}: ... }`;
  const around = path.slice(0, -1);
  if (path.length > 0 && sectionAt(schema, around, config)?.keys.has(key))
    return `it belongs one level up, beside ${String(path.at(-1))}`;
  const closest = closestWord(key, keys);
  if (closest !== null) return `did you mean "${closest}"?`;
  return `remove it, or correct its spelling; the keys here are ${keys.join(', ')}`;
}

function hasKey(section: SectionSchema | null, key: string): boolean {
  return section !== null && (section.keys.has(key) || [...section.keysByType.values()].flat().includes(key));
}

/** `minInterval`, `min-interval` and `Min_Interval` are the same. */
function plain(key: string): string {
  return key.toLowerCase().replace(/[-_ ]/g, '');
}
