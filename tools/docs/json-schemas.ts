import { z } from 'zod';
import { contract } from '../../src/contract/contract.ts';
import { questionSchema, standingQuestionSchema } from '../../src/contract/questions.ts';

/** The part of JSON Schema draft 7 that zod generates. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly allOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** Prefix of AsyncAPI's references to schemas. */
export const schemaPrefix = '#/components/schemas/';

/** The name of each schema of MQTT 5 user properties. */
export const propertiesNames: ReadonlyMap<z.ZodType, string> = new Map<z.ZodType, string>([
  [contract.work.properties, 'workProperties'],
  [contract.image.properties, 'imageProperties'],
]);

/** The JSON Schema of each payload by the name of its channel, and of the parts that several share. */
export function jsonSchemas(): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, { payload }] of Object.entries(contract)) if (payload) registry.add(payload, { id });
  registry.add(questionSchema, { id: 'question' });
  registry.add(standingQuestionSchema, { id: 'standingQuestion' });
  for (const [properties, id] of propertiesNames) registry.add(properties, { id });
  const { schemas } = z.toJSONSchema(registry, {
    target: 'draft-7',
    io: 'input',
    uri: (id) => `${schemaPrefix}${id}`,
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema as JsonSchema]),
  );
}
