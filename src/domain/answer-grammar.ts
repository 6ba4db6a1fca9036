import { EngineError } from './errors.ts';
import type { Answer, AnswerType } from './observation.ts';

// Typed answers: a GBNF grammar that constrains the sampled text, and a parser for that text. GBNF:
// https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md

/**
 * The grammar of an answer. Its language is finite, and {@link parseAnswer} parses each of its texts; the model can end
 * only when an answer is complete. A leading space is allowed, as most tokenisers begin a word with one.
 * @throws RangeError for a type that has no valid answer
 */
export function answerGrammar(type: AnswerType): string {
  return `root ::= " "? (${answers(type)})`;
}

function answers(type: AnswerType): string {
  switch (type.kind) {
    case 'boolean':
      return '"Yes" | "yes" | "No" | "no"';
    case 'integer':
      return integerGrammar(type.min, type.max);
    case 'enum':
      if (type.values.length === 0) throw new RangeError('an answer needs at least one value');
      return type.values.map(literal).join(' | ');
    case 'string': {
      if (!(type.maxLength >= 1))
        throw new RangeError(`maxLength: must be at least 1 (it is ${type.maxLength})`);
      // No control characters and no invalid code points: llama.cpp accepts more than Unicode has.
      const none = '\\x7F\\uD800-\\uDFFF\\U00110000-\\U001FFFFF';
      // No "<" at the start: a model that thinks begins it so.
      const first = `[^\\x00-\\x20<${none}]`;
      const rest = `[^\\x00-\\x1F${none}]`;
      return type.maxLength === 1 ? first : `${first} ${rest}{0,${type.maxLength - 1}}`;
    }
  }
}

/**
 * Max tokens of an answer, as a token has at least one byte; with the space before it and the token that ends it. A
 * lower limit could cut an answer off and make it invalid.
 */
export function maxAnswerTokens(type: AnswerType): number {
  return maxBytesOf(type) + 2;
}

function maxBytesOf(type: AnswerType): number {
  switch (type.kind) {
    case 'boolean':
      return 3;
    case 'integer':
      return Math.max(String(type.min).length, String(type.max).length);
    case 'enum':
      return Math.max(...type.values.map((value) => Buffer.byteLength(value)));
    case 'string':
      return type.maxLength * 4;
  }
}

/** The value of a text of {@link answerGrammar}'s language. @throws EngineError BAD_ANSWER for any other text */
export function parseAnswer(type: AnswerType, text: string): Answer {
  const value = parse(type, text);
  if (value === null)
    throw new EngineError('BAD_ANSWER', `"${text}" is not a valid answer of type ${type.kind}`);
  return value;
}

function parse(type: AnswerType, text: string): Answer | null {
  const words = text.startsWith(' ') ? text.slice(1) : text;
  switch (type.kind) {
    case 'boolean': {
      const word = words.toLowerCase();
      return word === 'yes' ? true : word === 'no' ? false : null;
    }
    case 'integer': {
      const value = /^-?\d+$/.test(words) ? Number(words) : Number.NaN;
      return value >= type.min && value <= type.max ? value : null;
    }
    case 'enum':
      return type.values.includes(words) ? words : null;
    case 'string': {
      // A model may stop within a multi-byte character.
      const whole = words.replace(/\uFFFD+$/, '') || words;
      const characters = [...whole].slice(0, type.maxLength);
      return characters.join('').trimEnd();
    }
  }
}

/** A text as a GBNF literal. */
function literal(text: string): string {
  const escaped = text.replace(/["\\]/g, (character) => `\\${character}`);
  return `"${escaped}"`;
}

/** A GBNF expression for the whole numbers from `min` to `max`, without leading zeros. @throws RangeError */
export function integerGrammar(min: number, max: number): string {
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || min > max)
    throw new RangeError(
      `min and max: must be whole numbers, min not above max (they are ${min} and ${max})`,
    );
  const parts: string[] = [];
  if (max >= 0) parts.push(naturals(Math.max(min, 0), max));
  if (min < 0) parts.push(`"-" (${naturals(Math.max(-max, 1), -min)})`);
  return parts.join(' | ');
}

/** One alternative for each number of digits. */
function naturals(min: number, max: number): string {
  const parts: string[] = [];
  for (let digits = String(min).length; digits <= String(max).length; digits++) {
    const smallest = digits === 1 ? 0 : 10 ** (digits - 1);
    const low = Math.max(min, smallest);
    const high = Math.min(max, 10 ** digits - 1);
    parts.push(digitsBetween(String(low), String(high)));
  }
  return parts.join(' | ');
}

/** Digit strings from `low` to `high`, which have the same length. */
function digitsBetween(low: string, high: string): string {
  if (/^0*$/.test(low) && /^9*$/.test(high)) return anyDigits(low.length);
  const [firstLow, firstHigh] = [Number(low[0]), Number(high[0])];
  const [restLow, restHigh] = [low.slice(1), high.slice(1)];
  if (restLow === '') return digit(firstLow, firstHigh);
  if (firstLow === firstHigh) return `${digit(firstLow, firstLow)} (${digitsBetween(restLow, restHigh)})`;
  const nines = '9'.repeat(restLow.length);
  const zeros = '0'.repeat(restLow.length);
  const parts: string[] = [];
  // First digits whose rest is free, between those at the edges whose rest is not.
  const from = restLow === zeros ? firstLow : firstLow + 1;
  const to = restHigh === nines ? firstHigh : firstHigh - 1;
  if (from > firstLow) parts.push(`${digit(firstLow, firstLow)} (${digitsBetween(restLow, nines)})`);
  if (from <= to) parts.push(`${digit(from, to)} ${anyDigits(restLow.length)}`);
  if (to < firstHigh) parts.push(`${digit(firstHigh, firstHigh)} (${digitsBetween(zeros, restHigh)})`);
  return parts.join(' | ');
}

function anyDigits(count: number): string {
  return `[0-9]{${count}}`;
}

function digit(from: number, to: number): string {
  return from === to ? `"${from}"` : `[${from}-${to}]`;
}
