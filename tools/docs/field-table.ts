import { markdownTable } from '../../src/cli/markdown-table.ts';
import { type JsonSchema, schemaPrefix } from './json-schemas.ts';

interface Field {
  readonly path: string;
  readonly type: string;
  readonly meaning: string;
}

/**
 * The fields of a payload as a Markdown table: path, type, meaning. Nested payloads are named, not repeated.
 * `schemas` are those that it may refer to, by name.
 */
export function fieldTable(schema: JsonSchema, schemas: Readonly<Record<string, JsonSchema>>): string {
  const fields = fieldsOf([schema], '', schemas);
  const rows = fields.length > 0 ? fields : [fieldOf('the payload', [schema], true, schemas)];
  return markdownTable(
    ['field', 'type', 'meaning'],
    rows.map(({ path, type, meaning }) => [path === 'the payload' ? path : `\`${path}\``, type, meaning]),
  );
}

/** The fields of alternative schemas; a field is described by any that has it. */
function fieldsOf(
  alternatives: readonly JsonSchema[],
  path: string,
  schemas: Readonly<Record<string, JsonSchema>>,
): Field[] {
  const objects = alternatives.flatMap(alternativesOf);
  const fields: Field[] = [];
  const keys = new Set(objects.flatMap(({ properties = {} }) => Object.keys(properties)));
  for (const key of keys) {
    const holders = objects.filter(({ properties }) => properties?.[key]);
    const inner = holders.map(({ properties }) => properties![key]!);
    const always = holders.every(({ required = [] }) => required.includes(key));
    fields.push(fieldOf(`${path}${key}`, inner, always, schemas));
    fields.push(...fieldsOf(inner, `${path}${key}.`, schemas));
  }
  for (const { additionalProperties, items } of objects) {
    if (typeof additionalProperties === 'object')
      fields.push(...fieldsOf([additionalProperties], `${path}<name>.`, schemas));
    if (items) fields.push(...fieldsOf([items], `${path}<n>.`, schemas));
  }
  return fields;
}

function fieldOf(
  path: string,
  alternatives: readonly JsonSchema[],
  always: boolean,
  schemas: Readonly<Record<string, JsonSchema>>,
): Field {
  const types = new Set(alternatives.flatMap(alternativesOf).map((schema) => typeOf(schema, schemas)));
  const meanings = alternatives.map(
    (schema) => schema.description ?? referredTo(schema, schemas)?.description,
  );
  return {
    path,
    type: [...types].join(', ') + (always ? '' : '; optional'),
    meaning: meanings.find((meaning) => meaning !== undefined) ?? '',
  };
}

function alternativesOf(schema: JsonSchema): readonly JsonSchema[] {
  const inner = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  return inner ? inner.flatMap(alternativesOf) : [schema];
}

function referredTo(
  { $ref }: JsonSchema,
  schemas: Readonly<Record<string, JsonSchema>>,
): JsonSchema | undefined {
  return $ref === undefined ? undefined : schemas[$ref.slice(schemaPrefix.length)];
}

function typeOf(schema: JsonSchema, schemas: Readonly<Record<string, JsonSchema>>): string {
  const target = referredTo(schema, schemas);
  if (target) {
    const isObject = alternativesOf(target).some(({ type }) => type === 'object');
    return isObject ? `a ${schema.$ref!.slice(schemaPrefix.length)}` : typeOf(target, schemas);
  }
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const).replaceAll('"', '')}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.items) return `list of ${typeOf(schema.items, schemas)}`;
  if (schema.type === undefined) return 'anything';
  return [schema.type].flat().join(', ');
}
