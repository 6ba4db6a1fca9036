import { closestWord } from '../domain/closest-word.ts';
import type { Answer } from '../domain/observation.ts';
import { type Comparison, type Condition, comparisons } from '../domain/rule.ts';

/** What the questions of a camera may be answered with, by name; as written in the config, or parsed. */
export type AskedAnswers = Readonly<Record<string, AskedAnswer>>;

interface AskedAnswer {
  readonly type?: string | undefined;
  readonly min?: number;
  readonly max?: number;
  readonly values?: readonly string[];
}

/** What is wrong with a condition; `path` leads to the part of it. */
export class ConditionFault extends Error {
  readonly path: readonly PropertyKey[];
  readonly input: unknown;

  constructor(message: string, path: readonly PropertyKey[], input: unknown) {
    super(message);
    this.path = path;
    this.input = input;
  }
}

export const conditionExamples =
  'such as gate_open, people >= 4, sky == grey, { not: gate_open } or { all: [gate_open, people == 0] }';

const maxDepth = 5;
const maxParts = 20;

const comparisonPattern = new RegExp(`^([A-Za-z0-9][\\w-]*)(?:\\s*(${comparisons.join('|')})\\s*(.+))?$`);

/** Reads the `when` of a rule. @throws ConditionFault */
export function readCondition(
  written: unknown,
  questions: AskedAnswers,
  path: readonly PropertyKey[] = [],
): Condition {
  const fault = (message: string, key: readonly PropertyKey[] = []): ConditionFault =>
    new ConditionFault(message, [...path, ...key], written);
  if (typeof written === 'string') return readComparison(written, questions, fault);
  const [[key, inner] = ['', null], ...others] =
    typeof written === 'object' && written !== null ? Object.entries(written) : [];
  if (others.length > 0 || !['not', 'all', 'any'].includes(key))
    throw fault(`must be ${conditionExamples}; all and any take a list`);
  if (path.length >= 2 * maxDepth) throw fault(`must not be nested more than ${maxDepth} deep`);
  if (key === 'not') return { kind: 'not', of: readCondition(inner, questions, [...path, key]) };
  if (!Array.isArray(inner) || inner.length === 0 || inner.length > maxParts)
    throw fault(`must be a list of 1 to ${maxParts} conditions`, [key]);
  return {
    kind: key as 'all' | 'any',
    of: inner.map((part, index) => readCondition(part, questions, [...path, key, index])),
  };
}

function readComparison(
  text: string,
  questions: AskedAnswers,
  fault: (message: string) => ConditionFault,
): Condition {
  const [, question, is = null, value = ''] = comparisonPattern.exec(text.trim()) ?? [];
  if (question === undefined)
    throw fault(
      /[^=!<>]=[^=]/.test(text) ? 'must compare with ==, as = is not one' : `must be ${conditionExamples}`,
    );
  const asked = Object.hasOwn(questions, question) ? questions[question] : undefined;
  if (!asked) throw fault(unknownQuestion(question, Object.keys(questions)));
  const { type } = asked;
  if (is === null) {
    if (type !== 'boolean') throw fault(`must compare ${question}, as it is ${kindOf(type)}, not boolean`);
    return { kind: 'compare', question, is: '==', value: true };
  }
  if (type !== 'integer' && !['==', '!='].includes(is))
    throw fault(`must compare ${question} with == or !=, as it is ${kindOf(type)}, not integer`);
  return {
    kind: 'compare',
    question,
    is: is as Comparison,
    value: readValue(value.replace(/^(["'])(.*)\1$/, '$2'), question, asked, fault),
  };
}

function readValue(
  text: string,
  question: string,
  { type, min = 0, max = 100, values = [] }: AskedAnswer,
  fault: (message: string) => ConditionFault,
): Answer {
  switch (type) {
    case 'boolean':
      if (!/^(true|false)$/.test(text)) throw fault(`must compare ${question} with true or false`);
      return text === 'true';
    case 'integer': {
      const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
      if (!(value >= min && value <= max))
        throw fault(`must compare ${question} with a whole number from ${min} to ${max}, as its answers are`);
      return value;
    }
    case 'enum':
      if (!values.includes(text))
        throw fault(`must compare ${question} with one of its values: ${values.join(', ')}`);
      return text;
    default:
      throw fault(
        `must not use ${question}, as it is ${kindOf(type)}; give it type boolean, integer or enum`,
      );
  }
}

function unknownQuestion(question: string, names: readonly string[]): string {
  const closest = closestWord(question, names);
  const remedy =
    names.length === 0
      ? 'add it to the questions of the camera'
      : closest === null
        ? `there are: ${names.join(', ')}`
        : `did you mean ${closest}?`;
  return `must use questions of the camera; none is named ${question}: ${remedy}`;
}

function kindOf(type: string | undefined): string {
  return type === undefined || type === 'text' ? 'free text' : `of type ${type}`;
}
