import type { z } from 'zod';
import { closestWord } from '../../domain/closest-word.ts';
import { faultLine } from '../../domain/fault-line.ts';
import { sectionExample } from './section-example.ts';
import { questionTypeRemedy, sourceTypeOf, sourceTypeRemedy } from './type-words.ts';
import { unknownKeyFault } from './unknown-key.ts';

type RawIssue = z.core.$ZodRawIssue;

/** What a value must be, in words, where the schema does not say so itself. */
export function issueWords(issue: RawIssue): string | undefined {
  const { input } = issue;
  switch (issue.code) {
    case 'invalid_type':
      return typeWords(issue.expected, input);
    case 'invalid_value':
      return choiceWords(issue.values, input);
    case 'invalid_union':
      return issue.discriminator === undefined ? 'must be text, a whole number, true or false' : undefined;
    case 'too_small':
      return sizeWords(issue.origin, 'at least', Number(issue.minimum));
    case 'too_big':
      return sizeWords(issue.origin, 'at most', Number(issue.maximum));
    default:
      return undefined;
  }
}

function typeWords(expected: string, input: unknown): string {
  switch (expected) {
    case 'string':
      return typeof input === 'number' || typeof input === 'boolean'
        ? 'must be text: put it in quotes'
        : 'must be text';
    case 'boolean':
      return 'must be true or false';
    case 'number':
    case 'int':
      return `must be a ${expected === 'int' ? 'whole number' : 'number'}${isQuotedNumber(input) ? ', without quotes' : ''}`;
    case 'array':
      return 'must be a list, as [a, b]';
    default:
      return 'must be a section of keys';
  }
}

function isQuotedNumber(input: unknown): boolean {
  return typeof input === 'string' && /^-?\d+(\.\d+)?$/.test(input);
}

function choiceWords(values: readonly unknown[], input: unknown): string {
  const choices = values.map((value) => JSON.stringify(value));
  const closest =
    typeof input === 'string'
      ? closestWord(
          input,
          values.filter((value) => typeof value === 'string'),
        )
      : null;
  return `must be one of ${choices.join(', ')}${closest === null ? '' : `; did you mean ${JSON.stringify(closest)}?`}`;
}

function sizeWords(origin: string, bound: string, limit: number): string {
  if (origin === 'string')
    return limit === 1 ? 'must not be empty' : `must have ${bound} ${limit} characters`;
  if (origin === 'array') return `must have ${bound} ${limit} ${limit === 1 ? 'item' : 'items'}`;
  return `must be ${bound} ${limit}`;
}

/**
 * The faults that an issue stands for: their paths, and lines as {@link faultLine} writes them.
 * @param config the whole input
 */
export function describeIssue(
  schema: z.core.$ZodType,
  config: unknown,
  issue: z.core.$ZodIssue,
): { path: readonly PropertyKey[]; text: string }[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: [...path, key],
      text: faultLine(path, unknownKeyFault(schema, config, path, key)),
    }));
  const inner = chosenIssues(issue);
  if (inner)
    return inner.flatMap((each) => describeIssue(schema, config, { ...each, path: [...path, ...each.path] }));
  return [{ path, text: textOf(issue) }];
}

/** Of a value or a section, such as `engine`: what is wrong with the section; null: another issue. */
function chosenIssues(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] | null {
  if (issue.code !== 'invalid_union' || issue.discriminator !== undefined) return null;
  if (typeof issue.input !== 'object' || issue.input === null || Array.isArray(issue.input)) return null;
  return (
    issue.errors.find((each) =>
      each.every(({ code, path }) => path.length > 0 || code === 'unrecognized_keys'),
    ) ?? null
  );
}

function textOf(issue: z.core.$ZodIssue): string {
  const { path, message, input } = issue;
  if (issue.code === 'invalid_key')
    return faultLine(path, keyWords(path, issue.issues[0]?.message ?? message));
  if (issue.code === 'invalid_union' && issue.discriminator !== undefined)
    return faultLine(path, ...typeFault(path, optionsOf(issue), input as { type?: unknown }));
  const words =
    issue.code === 'invalid_type' && /^(object|record)$/.test(issue.expected)
      ? `must be a section such as ${sectionExample(path, input)}`
      : message;
  if (issue.code === 'invalid_type' && input === undefined) return faultLine(path, `is missing; ${words}`);
  return faultLine(path, words, shownValue(issue));
}

/** The discriminator's values, which Zod's types lack. */
function optionsOf(issue: object): readonly unknown[] {
  return 'options' in issue && Array.isArray(issue.options) ? issue.options : [];
}

/** A camera's name cannot be what people call it, but there is a key for that. */
function keyWords([section, key, part]: readonly PropertyKey[], message: string): string {
  const isCamera = section === 'cameras' && part === undefined && key !== '';
  return isCamera ? `${message}, with name: ${JSON.stringify(key)} inside it` : message;
}

/** A `type` that is missing or unknown. */
function typeFault(
  path: readonly PropertyKey[],
  options: readonly unknown[],
  section: { type?: unknown },
): [message: string, value?: unknown] {
  const { type } = section;
  const types = options.filter((option) => typeof option === 'string');
  const choices = `must be one of ${types.map((each) => `"${each}"`).join(', ')}`;
  const isSource = path.at(-2) === 'source';
  if (type === undefined) {
    const probable = isSource ? sourceTypeOf(section) : null;
    return [`is missing; ${choices}${probable === null ? '' : `, here probably ${probable}`}`];
  }
  const word = typeof type === 'string' ? type : '';
  const closest = closestWord(word, types);
  const remedy =
    (isSource ? sourceTypeRemedy(word) : questionTypeRemedy(word)) ??
    (closest === null ? null : `did you mean "${closest}"?`);
  return [remedy === null ? choices : `${choices}; ${remedy}`, isAddress(type) ? undefined : type];
}

/** The value at fault; undefined if it may be secret. If it is an object, only the member that the path names. */
function shownValue({ input, path }: z.core.$ZodIssue): unknown {
  const field = path.join('.');
  if (/password|secret|token(_file)?$/.test(field) || /^mqtt\.url$|\.source\.(input|url)$/.test(field))
    return undefined;
  const value =
    input === null || typeof input !== 'object'
      ? input
      : Object.getOwnPropertyDescriptor(input, path.at(-1) ?? '')?.value; // its own: an array has .values() too
  return (typeof value === 'object' && value !== null) || isAddress(value) ? undefined : value;
}

/** Some cameras expect the login in the path of their address. */
function isAddress(value: unknown): boolean {
  return typeof value === 'string' && /:\/\//.test(value);
}
