import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import specifications from '@asyncapi/specs';
import { Ajv, type SchemaObject } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Channel, contract } from '../../src/contract/contract.ts';
import { outdatedDocs } from '../../tools/docs/contract.ts';

const root = join(import.meta.dirname, '../..');
const mqttPage = readFileSync(join(root, 'docs/mqtt.md'), 'utf8');
const channels: Readonly<Record<string, Channel>> = contract;

// biome-ignore lint/suspicious/noExplicitAny: a document whose schema is what is tested
const document: any = parse(readFileSync(join(root, 'docs/asyncapi.yaml'), 'utf8'));

/** The JSON blocks of docs/mqtt.md with the channel name from the comment before them. */
const examples = [...mqttPage.matchAll(/<!-- example: (\w+) -->\n\n```json\n([\s\S]*?)\n```/g)].map(
  ([, name, json]) => ({ name: name!, json: json! }),
);

test('the generated documents are current', () => {
  expect([...outdatedDocs().keys()]).toEqual([]);
});

test('every example of docs/mqtt.md matches its schema', () => {
  expect(mqttPage.match(/```json/g)).toHaveLength(examples.length);
  for (const { name, json } of examples) {
    expect(() => channels[name]!.payload!.parse(JSON.parse(json)), `${name}: ${json}`).not.toThrow();
  }
});

test('every JSON payload has an example and a table of its fields in docs/mqtt.md', () => {
  const names = Object.entries(channels).flatMap(([name, { payload }]) => (payload ? [name] : []));
  expect([...new Set(examples.map(({ name }) => name))].sort()).toEqual([...names].sort());
  for (const name of names) expect(mqttPage).toContain(`<!-- generated: ${name} -->\n\n| field`);
});

test('asyncapi.yaml is a valid AsyncAPI 3.0 document', () => {
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const validate = ajv.compile(specifications.schemasWithoutId['3.0.0'] as SchemaObject);
  expect(validate(document), JSON.stringify(validate.errors?.slice(0, 5), null, 2)).toBe(true);
  const { channels: _, ...broken } = document;
  const operation = { ...document.operations.sendStatus, action: 'publish' };
  expect(validate({ ...broken, operations: { sendStatus: operation } })).toBe(false);
});

test('every reference in asyncapi.yaml resolves', () => {
  const references: string[] = [];
  JSON.stringify(document, (key, value) => {
    if (key === '$ref') references.push(value);
    return value;
  });
  expect(references.length).toBeGreaterThan(50);
  for (const reference of references) {
    const path = reference.replace('#/', '').split('/');
    const target = path.reduce((node, part) => node?.[part], document);
    expect(target, reference).toBeDefined();
  }
});

test('the JSON Schemas of asyncapi.yaml accept the examples too, and reject what the contract rejects', () => {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'scenecast', components: document.components });
  const accepts = (name: string, value: unknown): boolean => {
    const validate = ajv.getSchema(`scenecast#/components/schemas/${name}`)!;
    return validate(value) as boolean;
  };
  for (const { name, json } of examples)
    expect(accepts(name, JSON.parse(json)), `${name}: ${json}`).toBe(true);
  expect(accepts('setPaused', 'yes')).toBe(false);
  expect(accepts('setInterval', 0)).toBe(false);
  expect(accepts('describeRequest', { camera: 'a/b' })).toBe(false);
  expect(accepts('description', { schema: 1 })).toBe(false);
  expect(accepts('describeResponse', { status: 'ok', data: {}, error: null, transaction: null })).toBe(false);
});
