import { integerGrammar } from '../domain/answer-grammar.ts';
import { ServedError } from './served-error.ts';

type Schema = Readonly<Record<string, unknown>>;

const maxDepth = 16;
/** llama.cpp refuses grammars with far longer repetitions. */
const maxRepetition = 1000;
const maxRules = 2000;
const largestInteger = 10 ** 15 - 1;

const common = String.raw`char ::= [^"\\\x00-\x1F\x7F\uD800-\uDFFF\U00110000-\U001FFFFF] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})
string ::= "\"" char* "\""
number ::= "-"? ("0" | [1-9] [0-9]{0,14}) ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?
value ::= string | number | "true" | "false" | "null" | object | array
object ::= "{" (member ("," " "? member)*)? "}"
member ::= string ":" " "? value
array ::= "[" (value ("," " "? value)*)? "]"`;

/** The grammar of any JSON object. */
export const jsonObjectGrammar = `root ::= object\n${common}`;

/**
 * A grammar (GBNF) whose texts are JSON values that a JSON Schema allows. All properties of an object are there, in the
 * schema's order: models find that easier, and the schema allows it. What only narrows strings and numbers further (pattern,
 * format, bounds of numbers with fractions) is ignored, as by other servers.
 * @throws ServedError 400 for what cannot be expressed
 */
export function jsonSchemaGrammar(schema: unknown): string {
  const root = new SchemaReader(schema).read(schema, '', 0);
  return `root ::= ${root}\n${common}`;
}

class SchemaReader {
  readonly #whole: unknown;
  #rules = 0;

  constructor(whole: unknown) {
    this.#whole = whole;
  }

  /** An expression for the schema at a path. */
  read(schema: unknown, path: string, depth: number): string {
    if (schema === true) return 'value';
    if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
      throw fault(path, 'must be a JSON Schema');
    this.#rules++;
    if (depth > maxDepth || this.#rules > maxRules)
      throw fault(path, 'is nested too deeply, or refers to itself');
    const node = schema as Schema;
    if (typeof node['$ref'] === 'string')
      return this.read(this.#referred(node['$ref'], path), path, depth + 1);
    if ('const' in node) return literal(JSON.stringify(node['const']));
    if (Array.isArray(node['enum']))
      return oneOf(
        node['enum'].map((each) => literal(JSON.stringify(each))),
        path,
      );
    const options = node['anyOf'] ?? node['oneOf'];
    if (Array.isArray(options))
      return oneOf(
        options.map((each, index) => this.read(each, `${path}/${index}`, depth + 1)),
        path,
      );
    if (Array.isArray(node['allOf'])) {
      if (node['allOf'].length === 1) return this.read(node['allOf'][0], `${path}/allOf/0`, depth + 1);
      throw fault(`${path}/allOf`, 'is not supported');
    }
    const type = node['type'] ?? ('properties' in node ? 'object' : undefined);
    const types = Array.isArray(type) ? type : [type];
    const all = node['nullable'] === true ? [...types, 'null'] : types;
    return oneOf(
      all.map((each) => this.#typed(each, node, path, depth)),
      path,
    );
  }

  #typed(type: unknown, node: Schema, path: string, depth: number): string {
    switch (type) {
      case undefined:
        return 'value';
      case 'null':
        return '"null"';
      case 'boolean':
        return '"true" | "false"';
      case 'number':
        return 'number';
      case 'integer':
        return integers(node, path);
      case 'string':
        return strings(node);
      case 'array':
        return this.#array(node, path, depth);
      case 'object':
        return this.#object(node, path, depth);
      default:
        throw fault(`${path}/type`, `is not a type of JSON Schema (it is ${JSON.stringify(type)})`);
    }
  }

  #object(node: Schema, path: string, depth: number): string {
    const properties = Object.entries((node['properties'] ?? {}) as Schema);
    if (properties.length === 0) return 'object';
    const members = properties.map(
      ([key, each]) =>
        `${literal(`${JSON.stringify(key)}:`)} " "? (${this.read(each, `${path}/properties/${key}`, depth + 1)})`,
    );
    return `"{" " "? ${members.join(' "," " "? ')} " "? "}"`;
  }

  #array(node: Schema, path: string, depth: number): string {
    const item = `(${this.read(node['items'] ?? true, `${path}/items`, depth + 1)})`;
    const min = count(node['minItems'], 0);
    const max = Math.max(min, count(node['maxItems'], maxRepetition));
    if (max === 0) return '"[" "]"';
    const more = `("," " "? ${item}){${Math.max(0, min - 1)},${max - 1}}`;
    return min === 0 ? `"[" (${item} ${more})? "]"` : `"[" ${item} ${more} "]"`;
  }

  #referred(reference: string, path: string): unknown {
    const steps = reference.split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    if (steps.shift() !== '#') throw fault(path, `refers to another document (${JSON.stringify(reference)})`);
    let found = this.#whole;
    for (const step of steps) found = (found as Schema | undefined)?.[step];
    if (found === undefined) throw fault(path, `refers to nothing (${JSON.stringify(reference)})`);
    return found;
  }
}

function strings({ minLength, maxLength }: Schema): string {
  if (minLength === undefined && maxLength === undefined) return 'string';
  const min = Math.min(count(minLength, 0), maxRepetition);
  const max = maxLength === undefined ? '' : Math.max(min, Math.min(count(maxLength, 0), maxRepetition));
  return String.raw`"\"" char{${min},${max}} "\""`;
}

function integers({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema, path: string): string {
  const bound = (value: unknown, shift: number, otherwise: number): number =>
    typeof value === 'number' ? value + shift : otherwise;
  const min = Math.ceil(bound(exclusiveMinimum, 1, bound(minimum, 0, -largestInteger)));
  const max = Math.floor(bound(exclusiveMaximum, -1, bound(maximum, 0, largestInteger)));
  const [low, high] = [Math.max(min, -largestInteger), Math.min(max, largestInteger)];
  if (low > high) throw fault(path, 'allows no number');
  return integerGrammar(low, high);
}

function count(value: unknown, otherwise: number): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : otherwise;
}

function oneOf(expressions: readonly string[], path: string): string {
  if (expressions.length === 0) throw fault(path, 'allows no value');
  return expressions.length === 1 ? expressions[0]! : expressions.map((each) => `(${each})`).join(' | ');
}

/** A text as a GBNF literal. */
function literal(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

function fault(path: string, message: string): ServedError {
  return new ServedError(400, `JSON schema${path === '' ? '' : ` at ${path}`}: ${message}`, {
    param: 'response_format',
  });
}
