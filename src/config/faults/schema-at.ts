import { z } from 'zod';

type Schema = z.core.$ZodType;

/** The keys of a section, with their schemas. Of a section with a `type`, those of its type. */
export interface SectionSchema {
  readonly keys: ReadonlyMap<string, Schema>;
  /** Of a section with a `type`: which types have which keys. */
  readonly keysByType: ReadonlyMap<string, readonly string[]>;
}

/** The schema of the section at a path of a config, whose value decides between types; null: no section. */
export function sectionAt(
  schema: Schema,
  path: readonly PropertyKey[],
  value: unknown,
): SectionSchema | null {
  let [inner, at] = [schema, value];
  for (const key of path) {
    const next = memberOf(chosen(unwrapped(inner), at), key);
    if (!next) return null;
    inner = next;
    at = typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined;
  }
  return sectionOf(inner, at);
}

/** Like {@link sectionAt}, of the schema itself. */
export function sectionOf(schema: Schema, value: unknown): SectionSchema | null {
  const bare = unwrapped(schema);
  const section = chosen(bare, value);
  if (!(section instanceof z.core.$ZodObject)) return null;
  const keysByType = new Map<string, readonly string[]>();
  for (const option of bare instanceof z.core.$ZodDiscriminatedUnion ? optionsOf(bare) : [])
    keysByType.set(String(typesOf(option)[0]), Object.keys(option._zod.def.shape));
  return { keys: new Map(Object.entries(section._zod.def.shape)), keysByType };
}

/** Without defaults and transformations. */
function unwrapped(schema: Schema): Schema {
  if (schema instanceof z.core.$ZodPipe) return unwrapped(schema._zod.def.in);
  const { innerType } = schema._zod.def as { innerType?: Schema };
  return innerType ? unwrapped(innerType) : schema;
}

/** The option of a union that a value chooses by its `type`, or because it is the only section. */
function chosen(schema: Schema, value: unknown): Schema {
  const { type } = (value ?? {}) as { type?: unknown };
  return optionsOf(schema).find((option) => typesOf(option).includes(type)) ?? optionsOf(schema)[0] ?? schema;
}

function optionsOf(schema: Schema): z.core.$ZodObject[] {
  if (!(schema instanceof z.core.$ZodUnion)) return [];
  return schema._zod.def.options
    .map(unwrapped)
    .filter((option): option is z.core.$ZodObject => option instanceof z.core.$ZodObject);
}

/** The values of `type`: undefined is among them if it may be left out. */
function typesOf(option: z.core.$ZodObject): readonly unknown[] {
  return [...(option._zod.def.shape['type']?._zod.values ?? [])];
}

function memberOf(schema: Schema, key: PropertyKey): Schema | undefined {
  if (schema instanceof z.core.$ZodObject) return schema._zod.def.shape[String(key)];
  if (schema instanceof z.core.$ZodRecord) return schema._zod.def.valueType;
  return schema instanceof z.core.$ZodArray ? schema._zod.def.element : undefined;
}
