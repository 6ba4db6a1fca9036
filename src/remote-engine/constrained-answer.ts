import { answerGrammar, parseAnswer } from '../domain/answer-grammar.ts';
import type { Answer, AnswerType } from '../domain/observation.ts';

/**
 * How a server is held to the type of an answer. `grammar`: GBNF, which llama-server and Scenecast take. `schema`: a JSON
 * Schema, which most others take. `words`: it takes neither; it is asked in words, and what it says is checked.
 */
export type Constraint = 'grammar' | 'schema' | 'words';

/** What to try if the server does not do what a constraint asks; null: nothing more. */
export function weaker(constraint: Constraint): Constraint | null {
  return constraint === 'grammar' ? 'schema' : constraint === 'schema' ? 'words' : null;
}

/** The fields of a request for an answer of this type. */
export function constraintFields(type: AnswerType, constraint: Constraint): object {
  if (constraint === 'grammar') return { grammar: answerGrammar(type) };
  if (constraint === 'words') return {};
  const json_schema = { name: 'answer', strict: true, schema: schemaOf(type) };
  return { response_format: { type: 'json_schema', json_schema } };
}

/** What is added to the question. */
export function hintOf(type: AnswerType, constraint: Constraint): string {
  if (constraint !== 'words') return '';
  switch (type.kind) {
    case 'boolean':
      return '\nAnswer with yes or no only.';
    case 'integer':
      return `\nAnswer with a whole number from ${type.min} to ${type.max} only.`;
    case 'enum':
      return `\nAnswer with one of these only: ${type.values.join(', ')}.`;
    case 'string':
      return `\nAnswer in at most ${type.maxLength} characters.`;
  }
}

/**
 * The answer in a server's text.
 * @throws EngineError BAD_ANSWER if it is not of the type
 */
export function readAnswer(type: AnswerType, constraint: Constraint, text: string): Answer {
  if (constraint === 'grammar') return parseAnswer(type, text);
  const value = constraint === 'schema' ? jsonWord(text) : text;
  return parseAnswer(type, inWords(type, value.trim()));
}

/** A JSON value as the words that stand for it; other text as it is. */
function jsonWord(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'string') return value;
    return typeof value === 'boolean' ? (value ? 'yes' : 'no') : text;
  } catch {
    return text;
  }
}

/** Without quotes and full stop, and in the letter case of the value. */
function inWords(type: AnswerType, text: string): string {
  if (type.kind === 'string') return text;
  const bare = text.replace(/^["'*`]+|["'*`.!]+$/g, '').trim();
  if (type.kind !== 'enum') return bare;
  return type.values.find((value) => value.toLowerCase() === bare.toLowerCase()) ?? text;
}

function schemaOf(type: AnswerType): object {
  switch (type.kind) {
    case 'boolean':
      return { type: 'boolean' };
    case 'integer':
      return { type: 'integer', minimum: type.min, maximum: type.max };
    case 'enum':
      return { type: 'string', enum: type.values };
    case 'string':
      return { type: 'string', maxLength: type.maxLength };
  }
}
